//! What a handed kernel object is. Asking the kernel is `sys`'s job.

use std::fmt;

use crate::sys;

/// What kind of object was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A listening TCP socket, IPv4 or IPv6.
    TcpListener,
    /// A listening Unix stream socket.
    UnixListener,
    /// A listening Unix seqpacket socket.
    UnixSeqpacketListener,
    /// A UDP socket, IPv4 or IPv6.
    UdpSocket,
    /// A Unix datagram socket.
    UnixDatagram,
    /// A TCP socket that does not listen: mostly a connection (`Accept=yes`, `systemd.socket(5)`).
    TcpStream,
    /// A Unix stream socket that does not listen: mostly a connection.
    UnixStream,
    /// A socket of another family or type, such as vsock or netlink.
    OtherSocket,
    /// No socket at all: a pipe, a file, a memfd (`FileDescriptorStoreMax=`, `systemd.service(5)`).
    NotSocket,
}

impl Kind {
    /// Whether connections are accepted from it.
    pub(crate) fn is_listener(self) -> bool {
        matches!(self, Kind::TcpListener | Kind::UnixListener | Kind::UnixSeqpacketListener)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::TcpListener => "a TCP listener",
            Kind::UnixListener => "a Unix listener",
            Kind::UnixSeqpacketListener => "a Unix seqpacket listener",
            Kind::UdpSocket => "a UDP socket",
            Kind::UnixDatagram => "a Unix datagram socket",
            Kind::TcpStream => "a TCP socket that does not listen",
            Kind::UnixStream => "a Unix stream socket that does not listen",
            Kind::OtherSocket => "a socket of another family",
            Kind::NotSocket => "no socket",
        })
    }
}

/// An object of this kind, for an error: with its address, where it has one.
pub(crate) fn describe(kind: Kind, fd: &sys::Owned) -> String {
    match sys::local_addr(fd) {
        Some(addr) => format!("{kind} at {addr}"),
        None => kind.to_string(),
    }
}
