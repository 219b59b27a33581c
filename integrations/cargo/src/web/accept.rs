//! Answers requests while no program can run: 503, and the reason.
//!
//! It accepts from the held sockets only while there is no program. A connection that has sent no
//! request by the time there is a program again, such as browsers keep in reserve, is left to the
//! program. So is a request that has waited for the end of a build.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use bytes::Bytes;
use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Sockets};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::connection::Socket;
use super::fresh::Fresh;
use super::pending::{ASK_TIMEOUT, Closed};
use super::recipient::{Recipient, Shared};
use crate::children::spare_fds;

/// The pause after an accept that failed, such as for want of memory.
const RETRY: Duration = Duration::from_millis(50);
/// How long a program that contains one of our adapters may take to ask for connections.
const KNOWN_ASK_TIMEOUT: Duration = Duration::from_secs(60);

/// Answers on the sockets that speak HTTP.
#[derive(Debug)]
pub(crate) struct Answers {
    fresh: Fresh,
    accepting: Vec<JoinHandle<()>>,
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
        channels: Vec<OwnedFd>,
        reason: Option<Bytes>,
    ) -> io::Result<Option<Closed>> {
        let shared = &self.fresh.shared;
        let recipient = if reason.is_some() { Recipient::Answering } else { Recipient::Building };
        shared.reason.set(reason);
        shared.recipient.send_replace(recipient);
        // There may be more connections in the channels than this process can open.
        let reserve = spare_fds::reserve(self.fresh.free_places());
        let closed = self.fresh.pending.add_used(channels, shared);
        drop(reserve);
        self.accept(sockets)?;
        Ok(closed)
    }

    /// Accepts from the sockets that speak HTTP, unless it does.
    fn accept(&mut self, sockets: &Sockets) -> io::Result<()> {
        if !self.accepting.is_empty() {
            return Ok(());
        }
        for (spec, address, fd) in sockets.iter() {
            let (address, fresh) = (address.clone(), self.fresh.clone());
            match spec.scheme {
                Scheme::Http => {
                    let listener = std::net::TcpListener::from(fd.try_clone_to_owned()?);
                    listener.set_nonblocking(true)?;
                    let listener = TcpListener::from_std(listener)?;
                    let task = accept_tcp(listener, address, fresh);
                    self.accepting.push(tokio::task::spawn_local(task));
                }
                Scheme::Unix => {
                    let listener = std::os::unix::net::UnixListener::from(fd.try_clone_to_owned()?);
                    listener.set_nonblocking(true)?;
                    let listener = UnixListener::from_std(listener)?;
                    let task = accept_unix(listener, address, fresh);
                    self.accepting.push(tokio::task::spawn_local(task));
                }
                // Clients of other sockets wait.
                _ => {}
            }
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
    pub(crate) fn end(&mut self) -> Vec<OwnedFd> {
        for task in self.accepting.drain(..) {
            // It runs on this thread, so it is not in the middle of anything.
            task.abort();
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

async fn accept_tcp(listener: TcpListener, address: Address, fresh: Fresh) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => fresh.add(Socket::Tcp(stream), &address).await,
            Err(_) => sleep(RETRY).await,
        }
    }
}

async fn accept_unix(listener: UnixListener, address: Address, fresh: Fresh) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => fresh.add(Socket::Unix(stream), &address).await,
            Err(_) => sleep(RETRY).await,
        }
    }
}
