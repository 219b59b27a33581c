//! The kinds of handed objects. `sys` asks the kernel for the kind of one.

use std::fmt;

/// The kind of a handed object.
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
    /// Not a socket: a pipe, a file, a memfd (`FileDescriptorStoreMax=`, `systemd.service(5)`).
    NotSocket,
}

impl Kind {
    /// Whether a socket of this kind accepts connections.
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
