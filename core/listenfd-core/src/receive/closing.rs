//! Windows: how many handed listeners are open in this process. Only one process may accept from a listener
//! there, so the supplier waits for the moment when none is.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::from_env::handed_listeners;
use super::inherited::InheritedFds;
use super::slot::{Slot, is_listener};

/// Notes that servers of this process have closed this many of its handed listeners. If no listener that was
/// taken is open, closes the others, so that none can be taken later. Returns whether that is so.
pub(crate) fn close_if_last(closed_now: usize) -> bool {
    static CLOSED: AtomicUsize = AtomicUsize::new(0);
    let closed = CLOSED.fetch_add(closed_now, Ordering::AcqRel) + closed_now;
    let inherited = InheritedFds::of_this_process();
    inherited.is_ok_and(|it| close_if_others_are(&it.slots, handed_listeners(), closed))
}

/// `handed` is how many listeners there were, and `closed` how many of them are.
fn close_if_others_are(slots: &[Slot], handed: usize, closed: usize) -> bool {
    // All at once, so that none is taken meanwhile.
    let mut left: Vec<_> = slots.iter().map(Slot::lock).collect();
    left.retain(|socket| is_listener(socket.as_ref()));
    let are_closed = handed == closed + left.len();
    if are_closed {
        left.iter_mut().for_each(|socket| drop(socket.take()));
    }
    are_closed
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    fn slots() -> [Slot; 3] {
        let tcp = || Slot::new(None, TcpListener::bind("127.0.0.1:0").unwrap().into());
        [tcp(), Slot::new(None, UdpSocket::bind("127.0.0.1:0").unwrap().into()), tcp()]
    }

    #[test]
    fn a_listener_that_was_taken_and_is_open_keeps_the_others() {
        let slots = slots();
        let taken = slots[0].lock().take();
        assert!(!close_if_others_are(&slots, 2, 0));
        assert!(slots[2].lock().is_some());
        drop(taken);
    }

    #[test]
    fn with_the_last_listener_those_that_were_not_taken_close() {
        let slots = slots();
        drop(slots[0].lock().take());
        assert!(close_if_others_are(&slots, 2, 1));
        assert!(slots[1].lock().is_some() && slots[2].lock().is_none());
    }

    #[test]
    fn a_datagram_socket_that_was_taken_does_not_count() {
        let slots = slots();
        let _udp = slots[1].lock().take();
        drop((slots[0].lock().take(), slots[2].lock().take()));
        assert!(close_if_others_are(&slots, 2, 2));
    }
}
