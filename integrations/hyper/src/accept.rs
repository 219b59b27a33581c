//! Accepting from all listeners at once, whatever goes wrong.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use listenfd_core::{Address, Bind, Listener, Peer};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::time::{Instant, Sleep};

use crate::stream::Stream;

/// Listeners, accepted from in turn.
///
/// For those who have an accept loop of their own; [`serve_or_bind`](crate::serve_or_bind) has
/// one inside.
#[derive(Debug)]
pub struct Accept {
    listeners: Vec<Source>,
    /// Whose turn it is.
    next: usize,
    /// How many connections in a row were dead.
    skipped: u32,
    /// The system is out of something, and gets a moment.
    pause: Option<Pin<Box<Sleep>>>,
    /// When that was last logged.
    logged: Option<Instant>,
}

#[derive(Debug)]
struct Source {
    listener: Inner,
    is_handed: bool,
    addr: Address,
}

#[derive(Debug)]
enum Inner {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// How long to leave the system alone when it is out of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(50);
const LOG_INTERVAL: Duration = Duration::from_secs(1);
/// So many dead connections in a row are no accident but, say, a rule of SELinux that denies
/// accept(2) itself.
const MANY: u32 = 64;
/// Out of descriptors, the system and the process; the same on every Unix.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

impl Accept {
    /// Registers the listeners with the runtime.
    ///
    /// # Errors
    ///
    /// When a listener cannot be registered or does not tell its address.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let listeners = listeners.into_iter().map(Source::new).collect::<io::Result<_>>()?;
        Ok(Accept { listeners, next: 0, skipped: 0, pause: None, logged: None })
    }

    /// Where the listeners listen.
    pub fn local_addrs(&self) -> impl ExactSizeIterator<Item = &Address> {
        self.listeners.iter().map(|source| &source.addr)
    }

    /// The next connection. Cancel safe.
    ///
    /// It does not fail: a connection that died in the queue is skipped, and when the system is
    /// out of descriptors or memory it waits and logs, once a second, for others may be closed.
    pub async fn accept(&mut self) -> (Stream, Peer) {
        std::future::poll_fn(|cx| self.poll_accept(cx)).await
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<(Stream, Peer)> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match ready!(self.poll_each(cx)) {
                Ok(accepted) => {
                    self.skipped = 0;
                    return Poll::Ready(accepted);
                }
                Err(err) if concerns_one_connection(&err) && self.skipped < MANY => {
                    self.skipped += 1;
                }
                Err(err) => self.pause_for(&err),
            }
        }
    }

    /// One round over all listeners, beginning after the one that had the last connection.
    fn poll_each(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        let count = self.listeners.len();
        for offset in 0..count {
            let turn = (self.next + offset) % count;
            if let Poll::Ready(accepted) = self.listeners[turn].poll_accept(cx) {
                self.next = turn + 1;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }

    fn pause_for(&mut self, err: &io::Error) {
        if self.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            let cure = match err.raw_os_error() {
                Some(ENFILE | EMFILE) => {
                    " (raise the limit of open files, LimitNOFILE= or ulimit -n)"
                }
                _ => "",
            };
            tracing::error!("cannot accept connections: {err}; trying again{cure}");
        }
        self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
    }

    /// Closes this process's copies of the listeners.
    ///
    /// What waits in the queue of a handed listener is for its next holder. What waits in that of
    /// a listener which this process bound would be refused, so it can still be accepted.
    ///
    /// Never `shutdown(2)`: that would end the listener for all its holders.
    pub(crate) fn close(self) -> Rest {
        let bound = self.listeners.into_iter().filter(|source| !source.is_handed);
        Rest { queues: bound.filter_map(|source| source.listener.into_queue()).collect() }
    }
}

/// What waits in the queues of listeners that are about to close; they do when this is dropped.
#[derive(Debug)]
pub(crate) struct Rest {
    queues: Vec<Queue>,
}

impl Rest {
    /// How many attempts are made in one go.
    const BATCH: u32 = 64;

    /// The next few of them; `None` at the end.
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
struct Queue {
    /// Not through tokio, which may not have heard of the newest ones yet.
    listener: Waiting,
    /// How many attempts are left. There can be no more in it than the backlog, so the others have come
    /// since, and clients could go on coming for ever; so could errors.
    attempts: i32,
}

#[derive(Debug)]
enum Waiting {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// An attempt to accept what waits.
enum Next {
    Accepted((Stream, Peer)),
    /// One that is dead, or cannot be had.
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
    /// The inner error is one of the connection alone.
    fn accept(&self) -> io::Result<io::Result<(Stream, Peer)>> {
        Ok(match self {
            Waiting::Tcp(listener) => {
                let (stream, addr) = listener.accept()?;
                let stream = stream.set_nonblocking(true).and_then(|()| stream.try_into());
                stream.map(|stream| tcp(stream, addr))
            }
            Waiting::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                let stream = stream.set_nonblocking(true).and_then(|()| stream.try_into());
                stream.map(unix)
            }
        })
    }
}

impl Source {
    fn new(listener: Listener) -> io::Result<Self> {
        let (is_handed, addr) = (listener.is_handed(), listener.local_addr()?);
        let listener = match listener {
            Listener::Tcp(tcp) => Inner::Tcp(TcpListener::from_std(tcp.into_std())?),
            Listener::Unix(unix) => Inner::Unix(UnixListener::from_std(unix.into_std())?),
        };
        Ok(Source { listener, is_handed, addr })
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        Poll::Ready(Ok(match &self.listener {
            Inner::Tcp(listener) => {
                let (stream, addr) = ready!(listener.poll_accept(cx))?;
                tcp(stream, addr)
            }
            Inner::Unix(listener) => unix(ready!(listener.poll_accept(cx))?.0),
        }))
    }
}

impl Inner {
    fn into_queue(self) -> Option<Queue> {
        let listener = match self {
            Inner::Tcp(listener) => listener.into_std().map(Waiting::Tcp),
            Inner::Unix(listener) => listener.into_std().map(Waiting::Unix),
        };
        Some(Queue { listener: listener.ok()?, attempts: Bind::BACKLOG })
    }
}

fn tcp(stream: tokio::net::TcpStream, addr: std::net::SocketAddr) -> (Stream, Peer) {
    if let Err(err) = stream.set_nodelay(true) {
        // The client is gone already; reading will tell.
        tracing::trace!("cannot set TCP_NODELAY: {err}");
    }
    (Stream::Tcp(stream), Peer::Tcp(addr))
}

fn unix(stream: UnixStream) -> (Stream, Peer) {
    let stream = Stream::Unix(stream);
    let peer = stream.peer().unwrap_or(Peer::Unix(None));
    (stream, peer)
}

/// Errors of a connection that died in the queue, and on Linux pending network errors of the new
/// socket (`accept(2)`, "Error handling"); the next accept is as good as any.
fn concerns_one_connection(err: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(
        err.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(listener: std::net::TcpListener, attempts: i32) -> Rest {
        listener.set_nonblocking(true).unwrap();
        Rest { queues: vec![Queue { listener: Waiting::Tcp(listener), attempts }] }
    }

    fn taken(rest: &mut Rest) -> usize {
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
