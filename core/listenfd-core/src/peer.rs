//! The client at the other end of a connection.

use std::fmt;
use std::net::SocketAddr;

/// The client at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP client.
    Tcp(SocketAddr),
    /// A client of a Unix socket. `None` where the system does not tell its process (`SO_PEERCRED`,
    /// `unix(7)`).
    Unix(Option<Credentials>),
}

/// The process at the other end of a Unix socket, when it connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its process id, where the system tells.
    pub pid: Option<i32>,
}

impl Credentials {
    /// As the system tells them.
    #[must_use]
    pub fn new(uid: u32, gid: u32, pid: Option<i32>) -> Self {
        Credentials { uid, gid, pid }
    }
}

impl Peer {
    /// The address of a TCP client.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        match self {
            Peer::Tcp(addr) => Some(*addr),
            Peer::Unix(_) => None,
        }
    }

    /// The process of a Unix socket's client, where the system tells.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        match self {
            Peer::Unix(credentials) => *credentials,
            Peer::Tcp(_) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(addr) => addr.fmt(f),
            Peer::Unix(Some(Credentials { uid, pid: Some(pid), .. })) => {
                write!(f, "process {pid} of user {uid}")
            }
            Peer::Unix(Some(Credentials { uid, .. })) => write!(f, "a process of user {uid}"),
            Peer::Unix(None) => f.write_str("a local process"),
        }
    }
}
