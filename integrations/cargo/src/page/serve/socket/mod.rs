//! The page socket: programs give the connections of pages to it, or relay their requests.
//!
//! `message` is what they send, over a `stream`. `unix` and `windows` are the socket itself.

mod message;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod stream;

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use listenfd_core::internal::page_socket::Place;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Pages, places};
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use message::Message;
use platform::{Listener, is_usable, receive_all};

/// How many notes of programs are shown.
const NOTES: usize = 64;
/// How long a message may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after an accept that failed, such as for want of memory.
const RETRY: Duration = Duration::from_millis(50);

/// The page socket.
#[derive(Debug)]
pub(crate) struct PageSocket {
    receiver: Receiver,
    listening: RefCell<Listening>,
}

/// Where it is, and what accepts from it.
#[derive(Debug)]
struct Listening {
    place: Place,
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

    /// Opens it again if it is not in this folder, or was removed. Returns its place.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn listen_in(&self, folder: &Path) -> anyhow::Result<Place> {
        let mut listening = self.listening.borrow_mut();
        if !is_usable(&listening.place, folder) {
            *listening = Listening::open(folder, &self.receiver)?;
        }
        Ok(listening.place.clone())
    }

    /// What answers.
    pub(crate) fn pages(&self) -> &Pages {
        &self.receiver.pages
    }
}

impl Listening {
    fn open(folder: &Path, receiver: &Receiver) -> anyhow::Result<Self> {
        let socket = Listener::open(folder).context("cannot open the page socket")?;
        let place = socket.place();
        let accepting = tokio::task::spawn_local(accept(socket, receiver.clone()));
        Ok(Listening { place, accepting })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // No program can reach it any more.
        self.accepting.abort();
    }
}

async fn accept(socket: Listener, receiver: Receiver) {
    let place = Rc::new(socket.place());
    loop {
        let Ok(permit) = Arc::clone(&receiver.room).acquire_owned().await else { return };
        match socket.accept().await {
            Ok(stream) => {
                let (receiver, place) = (receiver.clone(), Rc::clone(&place));
                tokio::task::spawn_local(async move {
                    // What is no message, or does not arrive in time, is given up.
                    let message = timeout(TIMEOUT, receive_all(stream, &place)).await;
                    if let Ok(Ok(message)) = message {
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
            #[cfg(unix)]
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
