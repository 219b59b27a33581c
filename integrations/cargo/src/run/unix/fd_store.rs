//! The fd store for the programs that run one after the other: each leaves its connections there.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context;
use listenfd_core::internal::fd_store;
use listenfd_systemfd::Sockets;
use listenfd_systemfd::internal::{FdStore, FdStoreServer, Notice};
use tokio::io::Interest;
use tokio::net::{UnixDatagram, UnixListener};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use crate::web::fresh::Fresh;

/// An fd store, served by the event loop.
#[derive(Clone, Debug)]
pub(crate) struct ProgramStore {
    server: FdStoreServer,
    requests: Rc<RefCell<Requests>>,
    /// Whether programs are told of it. With `--overlap` they are not: the next program would
    /// request connections before the last one stores any. Nor where the system may close
    /// connections on their way (macOS).
    is_offered: bool,
    /// Connections of this process that programs get, too.
    fresh: Fresh,
    screen: Screen,
}

impl ProgramStore {
    /// Opens the socket for requests.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(
        folder: &Path,
        is_offered: bool,
        fresh: Fresh,
        screen: Screen,
    ) -> anyhow::Result<Self> {
        let mut store = FdStore::new();
        if !is_offered {
            store.close();
        }
        let server = FdStoreServer::new(store);
        tokio::task::spawn_local(close_expired(server.clone()));
        let requests = Requests::open(folder, &server, &fresh)?;
        let requests = Rc::new(RefCell::new(requests));
        Ok(ProgramStore { server, requests, is_offered, fresh, screen })
    }

    /// Opens the socket for requests again if it is not in this folder, or was removed.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn listen_in(&self, folder: &Path) -> anyhow::Result<()> {
        let mut requests = self.requests.borrow_mut();
        if !requests.path.starts_with(folder) || !requests.path.exists() {
            *requests = Requests::open(folder, &self.server, &self.fresh)?;
        }
        Ok(())
    }

    /// Hands the sockets to a command, and with them what the last program has stored.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn hand_to(&self, sockets: &Sockets, command: &mut Command) -> io::Result<()> {
        sockets.hand_to(command, self.server.store().other_entries())?;
        if self.is_offered_with(sockets) {
            command
                .env(fd_store::VARIABLE, fd_store::variable_value(&self.requests.borrow().path))
                .env("FDSTORE", FdStore::CAPACITY.to_string());
        } else {
            command.env_remove(fd_store::VARIABLE).env_remove("FDSTORE");
        }
        Ok(())
    }

    /// Whether it has more than connections.
    pub(crate) fn has_others(&self) -> bool {
        self.server.store().other_entries().next().is_some()
    }

    /// Whether a program with these sockets is told of it.
    pub(crate) fn is_offered_with(&self, sockets: &Sockets) -> bool {
        self.is_offered && !sockets.is_empty()
    }

    /// Waits for the next message of a program, and does what it asks.
    pub(crate) async fn receive(&self, messages: &UnixDatagram) -> Notice {
        loop {
            let receive = || self.server.receive(messages.as_fd());
            match messages.async_io(Interest::READABLE, receive).await {
                Ok(notice) => {
                    if notice.is_ready {
                        self.fresh.note_ready();
                    }
                    self.warn_of_version(&notice);
                    return notice;
                }
                Err(_) => sleep(FdStoreServer::RETRY_PAUSE).await,
            }
        }
    }

    /// A program accepts, and has not said that it is ready.
    pub(crate) fn note_accepts(&self) {
        self.fresh.note_ready();
    }

    /// Does what a program that has ended asked last.
    pub(crate) fn receive_rest(&self, messages: &UnixDatagram) {
        // What the program has started may send messages without an end.
        for _ in 0..FdStore::CAPACITY {
            // The socket does not block.
            let Ok(notice) = self.server.receive(messages.as_fd()) else { return };
            self.warn_of_version(&notice);
        }
    }

    fn warn_of_version(&self, notice: &Notice) {
        if let Some(message) = notice.version_warning("cargo devserver") {
            self.screen.report(&Report::Note { message });
        }
    }

    /// Closes what the program that started then has not requested: it takes no connections.
    pub(crate) fn close_unrequested(&self, since: Instant) {
        self.server.store().close_older_than(since.elapsed());
    }

    /// Closes the store, for there is no next program: this one is to drain its connections.
    pub(crate) fn close(&self) {
        self.server.store().close();
    }

    /// Takes the connections out, in handoff channels.
    pub(crate) fn take(&self) -> Vec<OwnedFd> {
        self.server.store().take_connections()
    }

    /// Puts a handoff channel with connections in.
    pub(crate) fn add(&self, channel: OwnedFd) {
        self.server.store().add_connections(channel);
    }
}

/// The socket at which programs request connections.
#[derive(Debug)]
struct Requests {
    path: PathBuf,
    answering: JoinHandle<()>,
}

impl Requests {
    fn open(folder: &Path, server: &FdStoreServer, fresh: &Fresh) -> anyhow::Result<Self> {
        let path = folder.join("store");
        let socket = FdStoreServer::bind_request_socket(&path);
        let socket = socket.context("cannot listen in the temporary folder")?;
        socket.set_nonblocking(true)?;
        let socket = UnixListener::from_std(socket)?;
        let answering = tokio::task::spawn_local(answer(socket, server.clone(), fresh.clone()));
        Ok(Requests { path, answering })
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // No program can reach it any more.
        self.answering.abort();
    }
}

/// Closes what no program requests in time.
async fn close_expired(server: FdStoreServer) {
    loop {
        sleep(FdStoreServer::EXPIRY_INTERVAL).await;
        server.close_expired();
    }
}

/// Answers programs that request connections.
async fn answer(requests: UnixListener, server: FdStoreServer, fresh: Fresh) {
    loop {
        if answer_next(&requests, &server, &fresh).await.is_err() {
            // The next program that asks gets the connections.
            sleep(FdStoreServer::RETRY_PAUSE).await;
        }
    }
}

async fn answer_next(
    requests: &UnixListener,
    server: &FdStoreServer,
    fresh: &Fresh,
) -> io::Result<()> {
    let (stream, _) = requests.accept().await?;
    let request = server.request(stream.into_std()?)?;
    fresh.take().for_each(|channel| server.store().add_connections(channel));
    let offer = request.offer()?;
    tokio::task::spawn_blocking(move || request.answer(&offer)).await.map_err(io::Error::other)?
}
