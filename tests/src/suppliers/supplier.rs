//! The test as the supplier: it opens the sockets and hands them to its children.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use listenfd_core::protocol::{self, Sockets};

/// Sockets for children, from fd 3.
///
/// They are in blocking mode, as those of service managers, and stay open in the test, so that several
/// children can have them in turn.
#[derive(Debug, Default)]
pub struct Supplier {
    sockets: Vec<(Option<String>, OwnedFd)>,
}

impl Supplier {
    /// A supplier without sockets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A supplier with one TCP listener on loopback.
    ///
    /// # Panics
    ///
    /// When it cannot be bound.
    #[must_use]
    pub fn one() -> Self {
        let mut sockets = Supplier::new();
        sockets.tcp(None, "127.0.0.1");
        sockets
    }

    /// Adds any file descriptor.
    pub fn add(&mut self, name: Option<&str>, fd: impl Into<OwnedFd>) {
        self.sockets.push((name.map(str::to_owned), fd.into()));
    }

    /// Adds a TCP listener on a loopback address, with port 0.
    ///
    /// # Panics
    ///
    /// When it cannot be bound.
    pub fn tcp(&mut self, name: Option<&str>, ip: &str) -> SocketAddr {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        self.add(name, listener);
        addr
    }

    /// Adds a UDP socket on loopback.
    ///
    /// # Panics
    ///
    /// When it cannot be bound.
    pub fn udp(&mut self, name: Option<&str>) {
        self.add(name, UdpSocket::bind("127.0.0.1:0").unwrap());
    }

    /// Adds a Unix listener.
    ///
    /// # Panics
    ///
    /// When it cannot be bound.
    pub fn unix(&mut self, name: Option<&str>, path: &Path) {
        self.add(name, UnixListener::bind(path).unwrap());
    }

    /// Adds an unnamed Unix datagram socket.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    pub fn unix_datagram(&mut self, name: Option<&str>) {
        self.add(name, UnixDatagram::unbound().unwrap());
    }

    /// A command with the sockets and their variables, except `LISTEN_PID`.
    ///
    /// # Panics
    ///
    /// When the file descriptors cannot be duplicated.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let names = self.sockets.iter().map(|(name, _)| name.clone()).collect();
        let announced = Sockets::new(protocol::FIRST_FD, names);
        for (variable, value) in protocol::encode(&announced, None).iter() {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        let mappings = self.sockets.iter().zip(3..).map(|((_, fd), child_fd)| FdMapping {
            parent_fd: fd.as_fd().try_clone_to_owned().unwrap(),
            child_fd,
        });
        command.fd_mappings(mappings.collect()).unwrap();
        command
    }
}
