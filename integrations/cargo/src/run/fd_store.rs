//! What programs leave for the next one: their connections, by `sd_notify(3)`.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_core::internal::{fd_store, notify_socket};
use listenfd_systemfd::{Notice, Sockets, Store};
use tokio::io::Interest;
use tokio::net::{UnixDatagram, UnixListener};
use tokio::task::JoinHandle;

use crate::web::fresh::Fresh;

/// A store for the programs that run one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    store: Rc<RefCell<Store>>,
    listening: Rc<RefCell<Listening>>,
    /// Whether programs are told of it. Not where the next one starts before the last one ends: it
    /// would have asked before there is anything.
    is_offered: bool,
    /// What is given besides.
    fresh: Fresh,
}

impl Kept {
    /// Opens it; programs ask there.
    ///
    /// # Errors
    ///
    /// When the socket cannot be opened.
    pub(crate) fn open(folder: &Path, is_offered: bool, fresh: Fresh) -> anyhow::Result<Self> {
        let mut store = Store::new();
        if !is_offered {
            store.close();
        }
        let store = Rc::new(RefCell::new(store));
        tokio::task::spawn_local(clean_up(Rc::clone(&store)));
        let listening = Listening::begin(folder, &store, &fresh)?;
        let listening = Rc::new(RefCell::new(listening));
        Ok(Kept { store, listening, is_offered, fresh })
    }

    /// Listens in this folder, if it does not, or if its socket there was removed.
    ///
    /// # Errors
    ///
    /// When the socket cannot be opened.
    pub(crate) fn listen_in(&self, folder: &Path) -> anyhow::Result<()> {
        let mut listening = self.listening.borrow_mut();
        if !listening.path.starts_with(folder) || !listening.path.exists() {
            *listening = Listening::begin(folder, &self.store, &self.fresh)?;
        }
        Ok(())
    }

    /// Hands a command the sockets, with what its predecessor has left.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn hand_to(&self, sockets: &Sockets, command: &mut Command) -> io::Result<()> {
        let mut store = self.store.borrow_mut();
        sockets.hand_to(command, store.others())?;
        if self.is_offered_with(sockets) {
            command
                .env(fd_store::VARIABLE, fd_store::variable_value(&self.listening.borrow().path))
                .env("FDSTORE", Store::ROOM.to_string());
        } else {
            command.env_remove(fd_store::VARIABLE).env_remove("FDSTORE");
        }
        Ok(())
    }

    /// Whether a program with these sockets is told of it.
    pub(crate) fn is_offered_with(&self, sockets: &Sockets) -> bool {
        self.is_offered && !sockets.is_empty()
    }

    /// Waits for the next message of a program, and does what it asks.
    pub(crate) async fn hear(&self, notified: &UnixDatagram) -> Notice {
        loop {
            let receive = || notify_socket::receive(notified.as_fd());
            match notified.async_io(Interest::READABLE, receive).await {
                Ok(message) => {
                    let notice = self.store.borrow_mut().take(message);
                    if notice.is_ready {
                        self.fresh.note_ready();
                    }
                    return notice;
                }
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Does what a program that has ended asked last.
    pub(crate) fn hear_the_rest(&self, notified: &UnixDatagram) {
        // It does not block. What it has started may say more, for ever.
        for _ in 0..Store::ROOM {
            let Ok(message) = notify_socket::receive(notified.as_fd()) else { return };
            self.store.borrow_mut().take(message);
        }
    }

    /// The program that has started then does not know of connections, for it has not asked for them.
    pub(crate) fn not_asked_for(&self, since: Instant) {
        self.store.borrow_mut().close_older_than(since.elapsed());
    }

    /// There will be no other program: this one is to drain its connections.
    pub(crate) fn close(&self) {
        self.store.borrow_mut().close();
    }

    /// Takes the connections out.
    pub(crate) fn take(&self) -> Vec<OwnedFd> {
        self.store.borrow_mut().take_connections()
    }

    /// Puts a parcel of them back.
    pub(crate) fn keep(&self, parcel: OwnedFd) {
        self.store.borrow_mut().keep(parcel);
    }
}

/// The socket on which programs ask.
#[derive(Debug)]
struct Listening {
    path: PathBuf,
    answering: JoinHandle<()>,
}

impl Listening {
    fn begin(folder: &Path, store: &Rc<RefCell<Store>>, fresh: &Fresh) -> anyhow::Result<Self> {
        let path = folder.join("store");
        let asked = UnixListener::bind(&path).context("cannot listen in the temporary folder")?;
        let answering = tokio::task::spawn_local(answer(asked, Rc::clone(store), fresh.clone()));
        Ok(Listening { path, answering })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Nobody can reach it any more.
        self.answering.abort();
    }
}

/// The pause after an error, such as for want of memory.
const RETRY: Duration = Duration::from_millis(10);

/// How long connections wait for a program that asks for them: a build can take long.
const PATIENCE: Duration = Duration::from_secs(300);

/// Closes what nobody asks for.
async fn clean_up(kept: Rc<RefCell<Store>>) {
    loop {
        tokio::time::sleep(PATIENCE / 10).await;
        kept.borrow_mut().close_older_than(PATIENCE);
    }
}

/// Answers programs that ask for connections.
async fn answer(asked: UnixListener, kept: Rc<RefCell<Store>>, fresh: Fresh) {
    loop {
        let asking = asked.accept().await.and_then(|(asking, _)| asking.into_std());
        let given = match asking {
            Ok(asking) => give(asking, &kept, &fresh).await,
            Err(err) => Err(err),
        };
        if given.is_err() {
            // Where it has ended early, the next one gets them.
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn give(asking: UnixStream, kept: &RefCell<Store>, fresh: &Fresh) -> io::Result<()> {
    fresh.take().for_each(|parcel| kept.borrow_mut().keep(parcel));
    let offer = kept.borrow().offer(fd_store::requester_pid(&asking))?;
    asking.set_nonblocking(false)?;
    let given = tokio::task::spawn_blocking(move || {
        let fds: Vec<_> = offer.fds.iter().map(AsFd::as_fd).collect();
        fd_store::give(&asking, &fds).map(|()| offer)
    });
    let offer = given.await.map_err(io::Error::other)??;
    kept.borrow_mut().forget(&offer);
    Ok(())
}
