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

use super::supplier::Supplier;
use crate::folder::Folder;
use crate::process::{HOUR_TIMEOUTS, Server, program};
use crate::wait::{DEADLINE, eventually};

/// An fd store, and the other messages of servers.
#[derive(Debug)]
pub struct Keeper {
    folder: Folder,
    messages: Receiver<String>,
    server: FdStoreServer,
}

impl Keeper {
    /// A keeper with an empty store.
    ///
    /// # Panics
    ///
    /// When the sockets cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = Folder::new();
        let server = FdStoreServer::new(FdStore::new());
        let notify_socket = FdStoreServer::bind_notify_socket(&folder.path("notify")).unwrap();
        let request_socket = FdStoreServer::bind_request_socket(&folder.path("store")).unwrap();
        let (tx, received) = channel();
        server.spawn_threads(notify_socket, request_socket, move |notice| {
            if !notice.rest.is_empty() {
                // The test may have ended.
                let _ = tx.send(notice.rest);
            }
        });
        Keeper { folder, messages: received, server }
    }

    /// Closes all descriptors, and keeps none from then on.
    pub fn lose_all(&self) {
        self.server.store().close();
    }

    /// Takes all connections out of the store.
    #[must_use]
    pub fn take_connections(&self) -> Vec<listenfd_core::internal::Connection> {
        let channels = self.server.store().take_connections();
        channels.into_iter().flat_map(|channel| TakenOver::from_fd(channel).connections).collect()
    }

    /// Waits until the store has connections.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn wait_for_connections(&self) {
        let has_any = |channel: &OwnedFd| {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            rustix::net::recv(channel, &mut [0_u8; 1], flags).is_ok()
        };
        eventually("nothing is handed over", || {
            self.server.store().offer(None).unwrap().fds.iter().any(has_any)
        });
    }

    /// Requests connections as the next server. So the store treats this process as the next server.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn request_connections(&self) {
        let mut stream = UnixStream::connect(self.folder.path("store")).unwrap();
        // This reads bytes only, so the kernel closes any descriptors.
        stream.read_to_end(&mut Vec::new()).unwrap();
        stream.write_all(&[1]).unwrap();
    }

    /// Acts as a server that receives the first message of the channel and dies before its ack.
    ///
    /// # Panics
    ///
    /// When there is no message.
    pub fn die_after_one_message(&self) {
        let offer = self.server.store().offer(None).unwrap();
        // This reads bytes only, so the kernel closes the descriptors.
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

    /// Sets the variables that name this keeper.
    pub fn set_variables<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("NOTIFY_SOCKET", self.folder.path("notify"));
        command.env(fd_store::VARIABLE, fd_store::variable_value(&self.folder.path("store")))
    }

    /// Starts a server with this keeper.
    ///
    /// # Panics
    ///
    /// When it is not ready in time.
    #[track_caller]
    #[must_use]
    pub fn start(&self, name: &str, sockets: &Supplier, arguments: &[&str]) -> Server {
        let mut command = sockets.command(program(name));
        let server =
            Server::start_command(self.set_variables(command.args(HOUR_TIMEOUTS).args(arguments)));
        assert_eq!(self.next_message(), "READY=1\n");
        server
    }

    /// Sends SIGTERM to a server, and waits for `STOPPING=1`: then the server drains.
    ///
    /// # Panics
    ///
    /// When another message arrives, or none in time.
    #[track_caller]
    pub fn begin_shutdown(&self, server: &Server) {
        server.child.terminate();
        assert_eq!(self.next_message(), "STOPPING=1\n");
    }

    /// The next message of a server.
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    #[must_use]
    pub fn next_message(&self) -> String {
        self.messages.recv_timeout(DEADLINE).unwrap()
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new()
    }
}
