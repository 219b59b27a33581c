//! What requests are told while nothing can run: 503, and why.
//!
//! It accepts from the held sockets only while there is no program. A connection that has not asked
//! yet when there is one again, such as one that a browser keeps in reserve, is left to it.

use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Sockets};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::silent::{self, Silent};
use super::socket::Socket;
use crate::run::fd_store::Kept;
use crate::run::open_files;

/// Answers on the sockets that speak HTTP.
#[derive(Debug)]
pub(crate) struct Answers {
    shared: Rc<Shared>,
    accepting: Vec<JoinHandle<()>>,
    fresh: Fresh,
}

/// The connections that were accepted here and have not asked yet, for the program that does.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    shared: Rc<Shared>,
    silent: Silent,
}

#[derive(Debug)]
pub(super) struct Shared {
    /// Why nothing runs; `None` while something does or is about to.
    reason: RefCell<Option<Bytes>>,
    allowed_hosts: Vec<String>,
    pub(super) phase: watch::Sender<Phase>,
    /// How many connections more there may be.
    room: Arc<Semaphore>,
}

/// Who is to have a connection that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing can run: it is answered here.
    Answering,
    /// Whatever runs next.
    Waiting,
    /// A program that has started then. It may ask for connections.
    Started(Instant),
    /// A program that does not.
    Other,
}

/// The pause after an accept that failed, such as for want of memory.
const RETRY: Duration = Duration::from_millis(50);
/// How many connections there may be at once, with those that have not asked yet; others wait in the
/// queue. The eldest of those that say nothing make room.
const CONNECTIONS: usize = 256;
/// But no more than one of so many files that this process may open.
const SHARE: usize = 4;
/// How much a request is told. The terminal has it all.
const LONGEST: usize = 64 * 1024;

/// Why nothing runs, as requests are told: the beginning, where it is long.
pub(crate) fn reason(mut text: String) -> Bytes {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        let end = text[..end].rfind('\n').map_or(end, |line| line + 1);
        let left = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("\n[{left} more bytes are shown in the terminal]\n"));
        text.shrink_to_fit();
    }
    text.into()
}

impl Answers {
    pub(crate) fn new(allowed_hosts: Vec<String>) -> Self {
        let share = open_files::files().map_or(CONNECTIONS, |files| files / SHARE);
        let shared = Rc::new(Shared {
            reason: RefCell::new(None),
            allowed_hosts,
            phase: watch::Sender::new(Phase::Waiting),
            room: Arc::new(Semaphore::new(share.clamp(1, CONNECTIONS))),
        });
        let fresh = Fresh { shared: Rc::clone(&shared), silent: Silent::default() };
        Answers { shared, accepting: Vec::new(), fresh }
    }

    /// What a program is to have that asks for connections.
    pub(crate) fn fresh(&self) -> Fresh {
        self.fresh.clone()
    }

    /// Begins to accept, and to answer with `reason`; also on the connections that are kept. Tells how
    /// many of these had to be closed, and why.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn begin(
        &mut self,
        sockets: &Sockets,
        kept: &Kept,
        reason: Bytes,
    ) -> io::Result<Option<(usize, io::Error)>> {
        *self.shared.reason.borrow_mut() = Some(reason);
        self.shared.phase.send_replace(Phase::Answering);
        // What comes out of there may be more than this process can open.
        let reserve = open_files::reserve(self.shared.room.available_permits());
        let closed = self.fresh.silent.take(kept, &self.shared);
        drop(reserve);
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
                // What speaks no HTTP waits.
                _ => {}
            }
        }
        Ok(closed)
    }

    /// Answers with another reason, if it answers.
    pub(crate) fn update(&self, reason: &Bytes) {
        if let Some(told) = self.shared.reason.borrow_mut().as_mut() {
            reason.clone_into(told);
        }
    }

    /// Accepts no more. What was accepted and has asked is still answered; what was kept and has not
    /// asked is kept again, and what was accepted and has not asked waits for the next program.
    pub(crate) fn end(&mut self, kept: &Kept) {
        for task in self.accepting.drain(..) {
            // This thread runs it, so it has been running until now, and does no more.
            task.abort();
        }
        *self.shared.reason.borrow_mut() = None;
        self.shared.phase.send_replace(Phase::Waiting);
        self.fresh.silent.put_back(kept);
    }

    /// A program has started; whether it is told where to ask for connections.
    pub(crate) fn started(&self, may_ask: bool) {
        if !may_ask {
            return self.fresh.is_other_program();
        }
        let started = Phase::Started(Instant::now());
        self.shared.phase.send_replace(started);
        let fresh = self.fresh.clone();
        tokio::task::spawn_local(async move {
            sleep(silent::LATE).await;
            if *fresh.shared.phase.borrow() == started {
                fresh.is_other_program();
            }
        });
    }

    /// The last program has ended.
    pub(crate) fn ended(&self) {
        self.shared.phase.send_if_modified(|phase| {
            let has_run = matches!(phase, Phase::Started(_) | Phase::Other);
            if has_run {
                *phase = Phase::Waiting;
            }
            has_run
        });
    }
}

impl Fresh {
    /// A program asks for connections: these are for it, too.
    pub(crate) fn take(&self) -> impl Iterator<Item = OwnedFd> {
        let runs = matches!(*self.shared.phase.borrow(), Phase::Started(_) | Phase::Other);
        runs.then(|| self.silent.for_program()).into_iter().flatten()
    }

    /// A program says that it is ready. It would have asked before.
    pub(crate) fn is_ready(&self) {
        if matches!(*self.shared.phase.borrow(), Phase::Started(_)) {
            self.is_other_program();
        }
    }

    fn is_other_program(&self) {
        self.shared.phase.send_replace(Phase::Other);
        self.silent.close_foreign();
    }

    async fn add(&self, socket: Socket, address: &Address) {
        let permit = self.room().await;
        self.silent.add(socket, address.clone(), true, Some(permit), &self.shared);
    }

    async fn room(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = Arc::clone(&self.shared.room).try_acquire_owned() {
                return permit;
            }
            let again = self.silent.close_eldest();
            let again = again.unwrap_or_else(|| Instant::now() + silent::FIRST_BYTE);
            tokio::select! {
                permit = Arc::clone(&self.shared.room).acquire_owned() => {
                    if let Ok(permit) = permit {
                        return permit;
                    }
                }
                () = sleep_until(again) => {}
            }
        }
    }
}

impl Shared {
    /// What a request for this host is told.
    pub(super) fn told(&self, host: Option<&str>) -> Bytes {
        match &*self.reason.borrow() {
            None => "cargo devserver: the program has just been built; ask again\n".into(),
            Some(_) if !may_be_told(host, &self.allowed_hosts) => {
                "cargo devserver: nothing can run; the reason is told to hosts in allowed-hosts only\n"
                    .into()
            }
            Some(reason) => reason.clone(),
        }
    }
}

/// Makes the sockets as a supplier hands them over: in blocking mode. It belongs to the socket and
/// not to the descriptor, so whoever had it before may have changed it.
///
/// # Errors
///
/// When the system refuses.
pub(crate) fn set_blocking(sockets: &Sockets) -> io::Result<()> {
    for (_, _, fd) in sockets.iter() {
        rustix::io::ioctl_fionbio(fd, false)?;
    }
    Ok(())
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

/// Whether a request with this `Host` gets to see source code. A web page elsewhere can make a
/// browser ask for a name of its own that leads here; it cannot make it ask for one of these.
fn may_be_told(host: Option<&str>, allowed: &[String]) -> bool {
    let Some(host) = host else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.is_empty()
        || name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || name == own_name()
        || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

fn own_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_told_why() {
        let allowed = ["app.test".to_owned()];
        for host in [
            "localhost:3000",
            "LOCALHOST",
            "127.0.0.1:80",
            "[::1]:3000",
            "api.localhost",
            "app.test:1",
            "192.168.0.7:3000",
        ] {
            assert!(may_be_told(Some(host), &allowed), "{host}");
        }
        for host in
            ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.nip.io"]
        {
            assert!(!may_be_told(Some(host), &allowed), "{host}");
        }
        assert!(may_be_told(None, &[]));
    }

    #[test]
    fn a_long_reason_is_cut_at_the_end_of_a_line() {
        let text = "ein längerer Satz\n".repeat(10_000);
        let told = reason(text.clone());
        assert!(told.len() < LONGEST + 100 && told.len() > LONGEST - 100, "{}", told.len());
        let told = String::from_utf8(told.to_vec()).unwrap();
        let (shown, note) = told.split_once("\n\n[").unwrap();
        assert!(text.starts_with(&format!("{shown}\n")), "{note}");
        let left = text.len() - shown.len() - 1;
        assert_eq!(note, format!("{left} more bytes are shown in the terminal]\n"));
        assert_eq!(reason("short".into()), "short");
    }
}
