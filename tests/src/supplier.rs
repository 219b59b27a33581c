//! The test as the supplier of a child's sockets.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use listenfd_core::protocol::{self, Sockets};

/// Sockets to hand to children, from fd 3.
///
/// They are in blocking mode, as service managers hand them over, and stay open here, so that
/// several children in turn can have them.
#[derive(Debug, Default)]
pub struct Supplier {
    sockets: Vec<(Option<String>, OwnedFd)>,
}

impl Supplier {
    /// Without a socket yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one TCP listener on loopback.
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

    /// Adds any descriptor.
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

    /// A command that gets the sockets and the variables, without `LISTEN_PID`.
    ///
    /// # Panics
    ///
    /// When the descriptors cannot be duplicated.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let names = self.sockets.iter().map(|(name, _)| name.clone()).collect();
        let announced = Sockets { first_fd: protocol::FIRST_FD, names };
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

/// One of this package's binaries, built with the tests.
///
/// # Panics
///
/// When it was not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    // Tests are in target/PROFILE/deps, programs one above; so are benches' programs.
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push(name);
    assert!(path.exists(), "{} is not built; run cargo build --workspace first", path.display());
    path
}

/// Copies one of this package's binaries, to be executed there.
///
/// Another process does it: what this one has open for writing, a child that another test is about to
/// start may hold for a moment, and such a file cannot be executed.
///
/// # Panics
///
/// When it cannot be copied.
pub fn copy_program(name: &str, to: &Path) {
    let copied = Command::new("cp").arg(program(name)).arg(to).status();
    assert!(copied.unwrap().success());
}
