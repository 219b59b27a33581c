//! Accepts from all listeners at once, whatever goes wrong.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use listenfd_core::internal::unsupported;
use listenfd_core::{Address, Bind, Listener, Peer};
use listenfd_lifecycle::internal::HandedCopies;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::{Instant, Sleep};

use super::accepted::tcp;
#[cfg(unix)]
use super::accepted::unix;
use super::errors::{concerns_one_connection, cure};
use super::leftover::{Leftover, Queue, Waiting};
use crate::stream::Stream;

/// Several listeners, which are accepted from in turn.
///
/// For an accept loop of your own; [`serve_or_bind`](crate::serve_or_bind) has one inside.
///
/// ```no_run
/// use hyper_listenfd::{Listeners, listen_or_bind};
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let mut listeners = Listeners::new(listen_or_bind("0.0.0.0:3000")?)?;
///     loop {
///         let (stream, peer) = listeners.accept().await;
///         println!("{peer} has connected");
///         drop(stream);
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Listeners {
    listeners: Vec<Source>,
    /// The one whose turn it is.
    next: usize,
    /// How many connections in a row were dead.
    skipped: u32,
    /// The system is out of descriptors or memory, and is left alone for a moment.
    pause: Option<Pin<Box<Sleep>>>,
    /// When such an error was last logged.
    logged: Option<Instant>,
    /// Dropped after the listeners: it tells that they are closed.
    _copies: HandedCopies,
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
    #[cfg(unix)]
    Unix(UnixListener),
}

/// How long to leave the system alone when it is out of descriptors or memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);
const LOG_INTERVAL: Duration = Duration::from_secs(1);
/// More dead connections in a row than this are no accident. A rule of SELinux may deny accept(2) itself.
const MAX_DEAD: u32 = 64;

impl Listeners {
    /// Registers the listeners with the runtime.
    ///
    /// # Errors
    ///
    /// When a listener cannot be registered, or its address cannot be found out.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let copies = HandedCopies::of(&listeners);
        let listeners = listeners.into_iter().map(Source::new).collect::<io::Result<_>>()?;
        Ok(Listeners { listeners, next: 0, skipped: 0, pause: None, logged: None, _copies: copies })
    }

    /// The addresses of the listeners.
    pub fn local_addrs(&self) -> impl ExactSizeIterator<Item = &Address> {
        self.listeners.iter().map(|source| &source.addr)
    }

    /// Waits for the next connection. Cancel safe.
    ///
    /// It does not fail. A connection that has died in the queue is skipped. When the system is out of
    /// descriptors or memory, it waits until there are some again, and logs that once a second.
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
                Err(err) if concerns_one_connection(&err) && self.skipped < MAX_DEAD => {
                    self.skipped += 1;
                }
                Err(err) => self.pause_for(&err),
            }
        }
    }

    /// Tries each listener once, starting after the one that had the last connection.
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
            tracing::error!("cannot accept connections: {err}; trying again{}", cure(err));
        }
        self.pause = Some(Box::pin(tokio::time::sleep(EXHAUSTED_PAUSE)));
    }

    /// Closes this process's copies of the listeners. Connections in the queue of a handed listener are for
    /// its next holder. Those in the queue of a listener that this process has bound would be refused, so
    /// they are left to be accepted.
    ///
    /// Never `shutdown(2)`: that would end the listener for all its holders.
    pub(crate) fn close(self) -> Leftover {
        let bound = self.listeners.into_iter().filter(|source| !source.is_handed);
        Leftover { queues: bound.filter_map(|source| source.listener.into_queue()).collect() }
    }
}

impl Source {
    fn new(listener: Listener) -> io::Result<Self> {
        let (is_handed, addr) = (listener.is_handed(), listener.local_addr()?);
        let listener = match listener {
            Listener::Tcp(tcp) => Inner::Tcp(TcpListener::from_std(tcp.into_std())?),
            #[cfg(unix)]
            Listener::Unix(unix) => Inner::Unix(UnixListener::from_std(unix.into_std())?),
            other => return Err(unsupported(&other)),
        };
        Ok(Source { listener, is_handed, addr })
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        Poll::Ready(Ok(match &self.listener {
            Inner::Tcp(listener) => {
                let (stream, addr) = ready!(listener.poll_accept(cx))?;
                tcp(stream, addr)
            }
            #[cfg(unix)]
            Inner::Unix(listener) => unix(ready!(listener.poll_accept(cx))?.0),
        }))
    }
}

impl Inner {
    fn into_queue(self) -> Option<Queue> {
        let listener = match self {
            Inner::Tcp(listener) => listener.into_std().map(Waiting::Tcp),
            #[cfg(unix)]
            Inner::Unix(listener) => listener.into_std().map(Waiting::Unix),
        };
        Some(Queue { listener: listener.ok()?, attempts: Bind::BACKLOG })
    }
}
