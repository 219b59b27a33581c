//! Answers requests while no program can run: 503, and the reason.
//!
//! It accepts from the held sockets only while there is no program. A connection that has sent no
//! request by the time there is a program again, such as browsers keep in reserve, is left to the
//! program. So is a request that has waited for the end of a build.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Sockets};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::channels::Channel;
use super::connection::Socket;
use super::fresh::Fresh;
use super::pending::{ASK_TIMEOUT, Closed};
use super::recipient::{Recipient, Shared};
use crate::children::spare_fds;
use crate::sys;

/// The pause after an accept that failed, such as for want of memory.
const RETRY: Duration = Duration::from_millis(50);
/// How long a program that contains one of our adapters may take to ask for connections.
const KNOWN_ASK_TIMEOUT: Duration = Duration::from_secs(60);

/// Answers on the sockets that speak HTTP.
#[derive(Debug)]
pub(crate) struct Answers {
    fresh: Fresh,
    accepting: Vec<Accepting>,
}

/// A listener, and the task that accepts from it.
#[derive(Debug)]
struct Accepting {
    listener: Rc<RefCell<Option<Listener>>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Answers {
    pub(crate) fn new(shared: Shared) -> Self {
        Answers { fresh: Fresh::new(shared), accepting: Vec::new() }
    }

    /// The connections for a program that asks.
    pub(crate) fn fresh(&self) -> Fresh {
        self.fresh.clone()
    }

    /// Begins to accept, and to answer with `reason`; also on the connections in `channels`,
    /// which the last program has left. Without a reason, a build runs: browsers are shown it, and
    /// other requests wait.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn begin(
        &mut self,
        sockets: &Sockets,
        channels: Vec<Channel>,
        reason: Option<Bytes>,
    ) -> io::Result<Option<Closed>> {
        let shared = &self.fresh.shared;
        let recipient = if reason.is_some() { Recipient::Answering } else { Recipient::Building };
        shared.reason.set(reason);
        shared.recipient.send_replace(recipient);
        let closed = {
            // There may be more connections in the channels than this process can open.
            let _reserve = spare_fds::reserve(self.fresh.free_places());
            self.fresh.pending.add_used(channels, shared)
        };
        self.accept(sockets)?;
        Ok(closed)
    }

    /// Accepts from the sockets that speak HTTP, unless it does.
    fn accept(&mut self, sockets: &Sockets) -> io::Result<()> {
        if !self.accepting.is_empty() {
            return Ok(());
        }
        for (spec, address, fd) in sockets.iter() {
            let listener = match spec.scheme {
                Scheme::Http => {
                    let listener = std::net::TcpListener::from(fd.try_clone_to_owned()?);
                    listener.set_nonblocking(true)?;
                    Listener::Tcp(TcpListener::from_std(listener)?)
                }
                #[cfg(unix)]
                Scheme::Unix => {
                    let listener = std::os::unix::net::UnixListener::from(fd.try_clone_to_owned()?);
                    listener.set_nonblocking(true)?;
                    Listener::Unix(UnixListener::from_std(listener)?)
                }
                // Clients of other sockets wait.
                _ => continue,
            };
            let listener = Rc::new(RefCell::new(Some(listener)));
            let task = accept(Rc::clone(&listener), address.clone(), self.fresh.clone());
            self.accepting.push(Accepting { listener, task: tokio::task::spawn_local(task) });
        }
        Ok(())
    }

    /// Answers with another reason, if it answers.
    pub(crate) fn set_reason(&self, reason: &Bytes) {
        self.fresh.shared.reason.update(reason);
    }

    /// Accepts no more. Requests that have arrived are still answered. Returns the connections of
    /// the last program that have sent no request, in handoff channels; fresh ones wait for the
    /// next program.
    #[must_use]
    pub(crate) fn end(&mut self) -> Vec<Channel> {
        for accepting in self.accepting.drain(..) {
            // The task runs on this thread, so it is not in the middle of anything, and the listener
            // is closed now. The task itself ends later.
            drop(accepting.listener.take());
            accepting.task.abort();
        }
        self.fresh.shared.reason.set(None);
        self.fresh.shared.recipient.send_replace(Recipient::Waiting);
        self.fresh.pending.take_used()
    }

    /// A program has started. `may_ask`: it is told where to ask for connections.
    pub(crate) fn note_started(&self, may_ask: bool) {
        if !may_ask {
            return self.fresh.note_takes_none();
        }
        let started = Recipient::Started(Instant::now());
        self.fresh.shared.recipient.send_replace(started);
        let fresh = self.fresh.clone();
        // A program that is known to ask may first connect to a database.
        let timeout = if fresh.shared.holds { KNOWN_ASK_TIMEOUT } else { ASK_TIMEOUT };
        tokio::task::spawn_local(async move {
            sleep(timeout).await;
            if *fresh.shared.recipient.borrow() == started {
                fresh.note_takes_none();
            }
        });
    }

    /// The last program has ended.
    pub(crate) fn note_ended(&self) {
        self.fresh.shared.recipient.send_if_modified(|recipient| {
            let has_run = matches!(recipient, Recipient::Started(_) | Recipient::TakesNone);
            if has_run {
                *recipient = Recipient::Waiting;
            }
            has_run
        });
    }
}

impl Listener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        match self {
            Listener::Tcp(tcp) => tcp.poll_accept(cx).map(|accepted| {
                let (stream, _) = accepted?;
                sys::hide_from_children(&stream)?;
                Ok(Socket::Tcp(stream))
            }),
            #[cfg(unix)]
            Listener::Unix(unix) => unix.poll_accept(cx).map_ok(|(stream, _)| Socket::Unix(stream)),
        }
    }
}

/// Accepts until the listener is taken away.
async fn accept(listener: Rc<RefCell<Option<Listener>>>, address: Address, fresh: Fresh) {
    loop {
        let next = poll_fn(|cx| match &*listener.borrow() {
            Some(listener) => listener.poll_accept(cx).map(Some),
            None => Poll::Ready(None),
        });
        match next.await {
            Some(Ok(socket)) => fresh.add(socket, &address).await,
            Some(Err(_)) => sleep(RETRY).await,
            None => return,
        }
    }
}
