//! The sockets at which programs reach an [`FdStore`]: one for messages (`NOTIFY_SOCKET`), one for
//! requests (`LISTENFD_STORE`).
//!
//! The owner waits until a socket is readable, in a thread or in an event loop, and then calls
//! [`Server::receive`], or accepts and calls [`Server::request`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use listenfd_core::internal::{fd_store, notify_socket};

use super::store::{FdStore, Notice, Offer};

/// An [`FdStore`] that several sockets reach. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Server {
    store: Arc<Mutex<FdStore>>,
}

impl Server {
    /// How long connections wait for a program that requests them: a build can take long.
    pub const EXPIRY_TIMEOUT: Duration = Duration::from_secs(300);
    /// How often [`close_expired`](Self::close_expired) is to be called.
    pub const EXPIRY_INTERVAL: Duration = Duration::from_secs(30);
    /// The pause after an error of a socket, such as for want of memory.
    pub const RETRY_PAUSE: Duration = Duration::from_millis(10);

    /// Serves this store.
    #[must_use]
    pub fn new(store: FdStore) -> Self {
        Server { store: Arc::new(Mutex::new(store)) }
    }

    /// The store; others wait for it meanwhile.
    pub fn store(&self) -> MutexGuard<'_, FdStore> {
        // Each change of it is complete, even after a panic.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a socket for messages (`sd_notify(3)`), in blocking mode.
    ///
    /// # Errors
    ///
    /// When it cannot be bound, or the system does not tell who sends to it.
    pub fn bind_notify_socket(path: &Path) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::bind(path)?;
        notify_socket::enable_sender_pids(socket.as_fd())?;
        Ok(socket)
    }

    /// Opens a socket for requests, in blocking mode.
    ///
    /// # Errors
    ///
    /// When it cannot be bound.
    pub fn bind_request_socket(path: &Path) -> io::Result<UnixListener> {
        UnixListener::bind(path)
    }

    /// Receives the next message and does what it asks of the store; returns the rest of it.
    ///
    /// # Errors
    ///
    /// When the system refuses; [`io::ErrorKind::WouldBlock`] when there is no message and the socket
    /// does not block.
    pub fn receive(&self, messages: BorrowedFd<'_>) -> io::Result<Notice> {
        let message = notify_socket::receive(messages)?;
        Ok(self.store().apply(message))
    }

    /// Begins to answer a request: a connection that the socket for requests has accepted.
    ///
    /// # Errors
    ///
    /// When the system refuses to set its mode.
    pub fn request(&self, stream: UnixStream) -> io::Result<Request> {
        stream.set_nonblocking(false)?;
        Ok(Request { stream, server: self.clone() })
    }

    /// Closes connections that no program has requested in time.
    pub fn close_expired(&self) {
        self.store().close_older_than(Self::EXPIRY_TIMEOUT);
    }
}

/// A program requests connections.
#[derive(Debug)]
#[must_use = "the program waits for an answer"]
pub struct Request {
    stream: UnixStream,
    server: Server,
}

impl Request {
    /// The connections for the program.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn offer(&self) -> io::Result<Offer> {
        self.server.store().offer(fd_store::requester_pid(&self.stream))
    }

    /// Sends an offer to the program and waits for its acknowledgement, in all at most for some seconds;
    /// then the store forgets what was offered. It blocks.
    ///
    /// # Errors
    ///
    /// When the program ends early or takes too long. The store keeps the connections then.
    pub fn answer(&self, offer: &Offer) -> io::Result<()> {
        let fds: Vec<_> = offer.fds.iter().map(AsFd::as_fd).collect();
        fd_store::give(&self.stream, &fds)?;
        self.server.store().forget(offer);
        Ok(())
    }
}
