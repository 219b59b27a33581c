//! The test as the keeper of connections while a server restarts.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use listenfd_core::Address;
use listenfd_core::internal::{TakenOver, fd_store, notify_socket};
use listenfd_systemfd::internal::{FdStore, FdStoreServer};
use rustix::net::RecvFlags;

use crate::{DEADLINE, Folder, HOUR_TIMEOUTS, Server, Supplier, eventually, program};

/// An fd store, and what servers say besides.
#[derive(Debug)]
pub struct Keeper {
    folder: Folder,
    told: Receiver<String>,
    server: FdStoreServer,
}

impl Keeper {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// When its sockets cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = Folder::new();
        let server = FdStoreServer::new(FdStore::new());
        let messages = FdStoreServer::notify_socket(&folder.path("notify")).unwrap();
        let requests = FdStoreServer::request_socket(&folder.path("store")).unwrap();
        let (tx, told) = channel();
        server.spawn_threads(messages, requests, move |notice| {
            if !notice.rest.is_empty() {
                // The test may have ended.
                let _ = tx.send(notice.rest);
            }
        });
        Keeper { folder, told, server }
    }

    /// Closes all that it keeps, and keeps nothing from then on.
    pub fn lose_all(&self) {
        self.server.store().close();
    }

    /// Takes the connections out.
    #[must_use]
    pub fn take(&self) -> Vec<listenfd_core::internal::Connection> {
        let channels = self.server.store().take_connections();
        channels.into_iter().flat_map(|channel| TakenOver::from_fd(channel).connections).collect()
    }

    /// Waits until there are connections in what it keeps.
    ///
    /// # Panics
    ///
    /// When there are none within the deadline.
    #[track_caller]
    pub fn has_connections(&self) {
        let has_any = |parcel: &OwnedFd| {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            rustix::net::recv(parcel, &mut [0_u8; 1], flags).is_ok()
        };
        eventually("nothing is handed over", || {
            self.server.store().offer(None).unwrap().fds.iter().any(has_any)
        });
    }

    /// Asks for connections, as the next server does; this process is it then.
    ///
    /// # Panics
    ///
    /// When nobody answers.
    pub fn ask(&self) {
        let mut asking = UnixStream::connect(self.folder.path("store")).unwrap();
        // Any descriptors are closed by the system, for there is no room for them.
        asking.read_to_end(&mut Vec::new()).unwrap();
        asking.write_all(&[1]).unwrap();
    }

    /// As a server that receives the first message of what is kept, and dies before it acknowledges it.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn die_with_one_message(&self) {
        let offer = self.server.store().offer(None).unwrap();
        // Its descriptors are closed by the system, for there is no room for them.
        rustix::net::recv(&offer.fds[0], &mut [0_u8; 512], RecvFlags::DONTWAIT).unwrap();
    }

    /// Sends a message with a descriptor, as a server does.
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn send_message(&self, text: &str, fd: OwnedFd) {
        let to = Address::Unix(self.folder.path("notify"));
        notify_socket::send_fds(&to, text.as_bytes(), &[fd.as_fd()]).unwrap();
    }

    /// Tells a command of it.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("NOTIFY_SOCKET", self.folder.path("notify"));
        command.env(fd_store::VARIABLE, fd_store::variable_value(&self.folder.path("store")))
    }

    /// Starts a server whose connections it keeps.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[track_caller]
    #[must_use]
    pub fn start(&self, name: &str, sockets: &Supplier, arguments: &[&str]) -> Server {
        let mut command = sockets.command(program(name));
        let server = Server::start_command(self.tell(command.args(HOUR_TIMEOUTS).args(arguments)));
        assert_eq!(self.told(), "READY=1\n");
        server
    }

    /// Asks a server to end, and waits until it says that it does: by then it drains.
    ///
    /// # Panics
    ///
    /// When it does not say so.
    #[track_caller]
    pub fn begin_shutdown(&self, server: &Server) {
        server.child.terminate();
        assert_eq!(self.told(), "STOPPING=1\n");
    }

    /// What a server says next.
    ///
    /// # Panics
    ///
    /// When it says nothing within the deadline.
    #[track_caller]
    #[must_use]
    pub fn told(&self) -> String {
        self.told.recv_timeout(DEADLINE).unwrap()
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new()
    }
}
