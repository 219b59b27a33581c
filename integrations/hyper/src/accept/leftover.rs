//! Connections in the queue of a listener that closes.

use std::io;

use listenfd_core::Peer;

use super::accepted::tcp;
#[cfg(unix)]
use super::accepted::unix;
use super::errors::concerns_one_connection;
use crate::stream::Stream;

/// Connections in the queues of listeners that are about to close. They close when this is dropped.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(super) queues: Vec<Queue>,
}

impl Leftover {
    /// How many connections are accepted in one go.
    const BATCH: u32 = 64;

    /// Accepts the next few of them; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Vec<(Stream, Peer)>> {
        let queue = self.queues.last_mut()?;
        let mut accepted = Vec::new();
        for _ in 0..Self::BATCH {
            match queue.accept() {
                Next::Accepted(connection) => accepted.push(connection),
                Next::Lost => {}
                Next::End => {
                    self.queues.pop();
                    break;
                }
            }
        }
        Some(accepted)
    }
}

/// The queue of one listener.
#[derive(Debug)]
pub(super) struct Queue {
    /// Not in tokio, which may not know of the newest connections yet.
    pub(super) listener: Waiting,
    /// How many attempts are left. The queue holds no more than the backlog. Connections beyond that have
    /// come later, and could go on coming for ever, as errors could.
    pub(super) attempts: u32,
}

#[derive(Debug)]
pub(super) enum Waiting {
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// The result of an attempt to accept.
enum Next {
    Accepted((Stream, Peer)),
    /// The connection is dead, or cannot be used.
    Lost,
    End,
}

impl Queue {
    fn accept(&mut self) -> Next {
        if self.attempts == 0 {
            return Next::End;
        }
        self.attempts -= 1;
        match self.listener.accept() {
            Ok(Ok(accepted)) => Next::Accepted(accepted),
            Ok(Err(_)) => Next::Lost,
            Err(err) if concerns_one_connection(&err) => Next::Lost,
            Err(_) => Next::End,
        }
    }
}

impl Waiting {
    /// The inner error concerns that connection only.
    fn accept(&self) -> io::Result<io::Result<(Stream, Peer)>> {
        Ok(match self {
            Waiting::Tcp(listener) => {
                let (stream, addr) = listener.accept()?;
                let stream = stream.set_nonblocking(true).and_then(|()| stream.try_into());
                stream.map(|stream| tcp(stream, addr))
            }
            #[cfg(unix)]
            Waiting::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                let stream = stream.set_nonblocking(true).and_then(|()| stream.try_into());
                stream.map(unix)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use listenfd_core::Bind;

    use super::*;

    fn queue(listener: std::net::TcpListener, attempts: u32) -> Leftover {
        listener.set_nonblocking(true).unwrap();
        Leftover { queues: vec![Queue { listener: Waiting::Tcp(listener), attempts }] }
    }

    fn taken(rest: &mut Leftover) -> usize {
        std::iter::from_fn(|| rest.next()).map(|accepted| accepted.len()).sum()
    }

    #[tokio::test]
    async fn what_waits_is_accepted_before_a_listener_closes() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let connect = |_| std::net::TcpStream::connect(addr).unwrap();
        let _clients: Vec<_> = (0..100).map(connect).collect();
        assert_eq!(taken(&mut queue(listener, Bind::BACKLOG)), 100);
    }

    #[tokio::test]
    async fn clients_that_keep_coming_are_not_accepted_for_ever() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (mut rest, mut clients, mut number) = (queue(listener, 100), Vec::new(), 0);
        loop {
            clients.extend((0..64).filter_map(|_| std::net::TcpStream::connect(addr).ok()));
            match rest.next() {
                Some(accepted) => number += accepted.len(),
                None => break,
            }
        }
        assert_eq!(number, 100);
    }
}
