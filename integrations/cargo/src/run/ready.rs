//! When a program that has not said `READY=1` is taken for ready.
//!
//! A program that serves by one of our adapters says it, so there is no hurry. Any other program is
//! ready when it accepts. Nothing tells that but the accept queues: a connection that waits there
//! is gone. While no connection waits, nobody misses anything either: after a short time, the
//! program is taken for ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use listenfd_core::Address;
use listenfd_systemfd::Sockets;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::sys::{Borrowed, Owned, borrowed, waiting_connections};

/// How a program shows that it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It has one of our adapters, and says `READY=1` if it serves by that.
    Says,
    /// It accepts.
    Accepts,
    /// The same, but an older run accepts from the same queues.
    Overlaps,
}

/// The accept queues of the sockets.
#[derive(Debug)]
pub(crate) struct Queues(Vec<Queue>);

/// A listening socket, and where it is bound.
#[derive(Debug)]
struct Queue {
    socket: Owned,
    address: Address,
}

/// A program on whose queues no connection waits is taken for ready after this time.
const READY_AFTER: Duration = Duration::from_millis(300);
/// The same where an older run serves until then.
const READY_AFTER_OVERLAP: Duration = Duration::from_secs(10);
/// After this time, a program that is not ready is late.
const LATE: Duration = Duration::from_secs(10);
/// When to try by a connection of our own whether a program with one of our adapters accepts
/// without having said that it is ready. It closes connections that send nothing without a word.
const TRIALS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), LATE];
/// How long such a connection may wait.
const TRIAL_TIMEOUT: Duration = Duration::from_millis(200);
const INTERVAL: Duration = Duration::from_millis(20);
/// The same for a program that is late.
const LATE_INTERVAL: Duration = Duration::from_millis(500);

impl Queues {
    /// Those of the sockets that can tell.
    pub(crate) fn of(sockets: &Sockets) -> Self {
        let can_tell = sockets.iter().filter(|(.., socket)| waiting_connections(*socket).is_some());
        // Without a copy of the socket, nothing is known of the queue.
        let queue = |(_, address, socket): (_, &Address, Borrowed<'_>)| {
            Some(Queue { socket: socket.try_clone_to_owned().ok()?, address: address.clone() })
        };
        Queues(can_tell.filter_map(queue).collect())
    }

    /// How many connections wait in each.
    fn waiting(&self) -> Vec<u32> {
        self.0.iter().filter_map(Queue::waiting).collect()
    }

    /// Whether a connection of our own is accepted. `None` if that cannot be tried.
    async fn accept(&self) -> Option<bool> {
        let queue = self.0.first()?;
        let Address::Inet(addr) = queue.address else { return None };
        let connecting = TcpStream::connect(reachable(addr));
        let _connection = timeout(TRIAL_TIMEOUT, connecting).await.ok()?.ok()?;
        let end = Instant::now() + TRIAL_TIMEOUT;
        while queue.waiting()? > 0 {
            if Instant::now() >= end {
                return Some(false);
            }
            sleep(INTERVAL).await;
        }
        Some(true)
    }
}

impl Queue {
    fn waiting(&self) -> Option<u32> {
        waiting_connections(borrowed(&self.socket))
    }
}

/// Waits until the program is taken for ready. Calls `late` once if that takes long. Returns
/// whether the program was seen to accept.
pub(crate) async fn taken_for_ready(
    readiness: Readiness,
    queues: &Queues,
    late: impl Fn(),
) -> bool {
    if readiness == Readiness::Overlaps {
        sleep(READY_AFTER_OVERLAP).await;
        return false;
    }
    let (since, mut before, mut is_late) = (Instant::now(), queues.waiting(), false);
    let mut trials = TRIALS.iter().peekable();
    loop {
        sleep(if is_late { LATE_INTERVAL } else { INTERVAL }).await;
        let (now, elapsed) = (queues.waiting(), since.elapsed());
        // Only the program accepts.
        if now.iter().zip(&before).any(|(now, before)| now < before) {
            return true;
        }
        match readiness {
            Readiness::Says if trials.next_if(|trial| elapsed >= **trial).is_some() => {
                match queues.accept().await {
                    Some(true) => return true,
                    // Where it cannot be known, a program that is late is taken for ready.
                    None if elapsed >= LATE => return false,
                    _ => {}
                }
            }
            Readiness::Says => {}
            _ if elapsed >= READY_AFTER && (now.is_empty() || now.contains(&0)) => return false,
            _ => {}
        }
        if elapsed >= LATE && !is_late {
            is_late = true;
            late();
        }
        before = queues.waiting();
    }
}

/// The address by which this machine reaches a socket.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    addr
}
