//! The page socket: programs give the connections of pages to it, or relay their requests.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::UnixListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::message::{Message, receive};
use super::{Pages, places};
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;

/// How many notes of programs are shown.
const NOTES: usize = 64;
/// The pause after an accept that failed, such as for want of memory.
const RETRY: Duration = Duration::from_millis(50);

/// The page socket.
#[derive(Debug)]
pub(crate) struct PageSocket {
    receiver: Receiver,
    listening: RefCell<Listening>,
}

/// The socket's file, and what accepts from it.
#[derive(Debug)]
struct Listening {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

/// What takes the messages.
#[derive(Clone, Debug)]
struct Receiver {
    pages: Pages,
    screen: Screen,
    /// The notes that were shown.
    notes: Rc<RefCell<HashSet<String>>>,
    room: Arc<Semaphore>,
}

impl PageSocket {
    /// Opens it in this folder.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(folder: &Path, pages: Pages, screen: Screen) -> anyhow::Result<Self> {
        let room = Arc::new(Semaphore::new(places()));
        let receiver = Receiver { pages, screen, notes: Rc::default(), room };
        let listening = RefCell::new(Listening::open(folder, &receiver)?);
        Ok(PageSocket { receiver, listening })
    }

    /// Opens it again if it is not in this folder, or was removed. Returns its path.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn listen_in(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let mut listening = self.listening.borrow_mut();
        if !listening.path.starts_with(folder) || !listening.path.exists() {
            *listening = Listening::open(folder, &self.receiver)?;
        }
        Ok(listening.path.clone())
    }

    /// What answers.
    pub(crate) fn pages(&self) -> &Pages {
        &self.receiver.pages
    }
}

impl Listening {
    fn open(folder: &Path, receiver: &Receiver) -> anyhow::Result<Self> {
        let path = folder.join("pages");
        let socket = UnixListener::bind(&path).context("cannot listen in the temporary folder")?;
        let accepting = tokio::task::spawn_local(accept(socket, receiver.clone()));
        Ok(Listening { path, accepting })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // No program can reach it any more.
        self.accepting.abort();
    }
}

async fn accept(socket: UnixListener, receiver: Receiver) {
    loop {
        let Ok(permit) = Arc::clone(&receiver.room).acquire_owned().await else { return };
        match socket.accept().await {
            Ok((stream, _)) => {
                let receiver = receiver.clone();
                tokio::task::spawn_local(async move {
                    // What is no message is given up.
                    if let Ok(message) = receive(stream).await {
                        receiver.take(message, permit).await;
                    }
                });
            }
            Err(_) => sleep(RETRY).await,
        }
    }
}

impl Receiver {
    async fn take(&self, message: Message, permit: OwnedSemaphorePermit) {
        match message {
            Message::Connection { socket, read, source } => {
                self.pages.serve(socket, read, source).await;
            }
            Message::Request { stream, source } => {
                self.pages.serve(stream, bytes::Bytes::new(), source).await;
            }
            Message::Note(message) => self.show(message),
        }
        drop(permit);
    }

    /// Shows each note once.
    fn show(&self, message: String) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < NOTES && notes.insert(message.clone()) {
            self.screen.report(&Report::Note { message });
        }
    }
}
