//! Connections that another process has accepted.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use socket2::SockRef;

use crate::address::Address;
use crate::kind::Kind;
use crate::sys;

/// A connection that another process has accepted: a connected stream socket, close-on-exec,
/// non-blocking, and owned once.
#[derive(Debug)]
pub struct Connection {
    stream: Connected,
    local_addr: Address,
    is_fresh: bool,
}

/// The stream of a [`Connection`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Connected {
    /// IPv4 or IPv6, with the address of the client.
    Tcp(TcpStream, SocketAddr),
    /// A Unix stream socket.
    Unix(UnixStream),
}

impl Connection {
    /// Checks all that the type promises. No other function makes a connection. `None` if its client is
    /// gone.
    pub(crate) fn check(fd: OwnedFd, is_fresh: bool) -> io::Result<Option<Self>> {
        let kind = sys::kind(&fd)?;
        if !matches!(kind, Kind::TcpStream | Kind::UnixStream) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}")));
        }
        let peer = match SockRef::from(&fd).peer_addr() {
            Ok(peer) => peer,
            Err(err) if err.kind() == io::ErrorKind::NotConnected => return Ok(None),
            Err(err) => return Err(err),
        };
        let Some(local_addr) = sys::local_addr(&fd) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it has no address"));
        };
        sys::set_nonblocking(&fd)?;
        let stream = match peer.as_socket() {
            Some(addr) => Connected::Tcp(fd.into(), addr),
            None => Connected::Unix(fd.into()),
        };
        Ok(Some(Connection { stream, local_addr, is_fresh }))
    }

    /// The address where it was accepted.
    #[must_use]
    pub fn local_addr(&self) -> &Address {
        &self.local_addr
    }

    /// The address of a TCP client.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        match self.stream {
            Connected::Tcp(_, addr) => Some(addr),
            Connected::Unix(_) => None,
        }
    }

    /// Whether nothing was ever read from it.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Whether it was accepted from a listener at this address.
    #[must_use]
    pub fn belongs_to(&self, listener: &Address) -> bool {
        match (&self.local_addr, listener) {
            // A connection of an IPv6 listener has an IPv6 address, also for an IPv4 client.
            (Address::Inet(own), Address::Inet(listener)) => {
                own.port() == listener.port()
                    && own.is_ipv4() == listener.is_ipv4()
                    && (own.ip() == listener.ip() || listener.ip().is_unspecified())
            }
            (own, listener) => own == listener,
        }
    }

    /// The stream, in non-blocking mode.
    #[must_use]
    pub fn into_stream(self) -> Connected {
        self.stream
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    /// Two ends of a connection: the client's, and the one that was accepted.
    pub(crate) fn tcp() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn it_belongs_to_the_listener_that_it_was_accepted_from() {
        let (_client, own) = tcp();
        let port = own.local_addr().unwrap().port();
        let connection = Connection::check(own.into(), false).unwrap().unwrap();
        let addr = |text: &str| Address::Inet(format!("{text}:{port}").parse().unwrap());
        for listener in ["127.0.0.1", "0.0.0.0"] {
            assert!(connection.belongs_to(&addr(listener)), "{listener}");
        }
        for listener in ["127.0.0.2", "[::]", "[::1]"] {
            assert!(!connection.belongs_to(&addr(listener)), "{listener}");
        }
        let other = Address::Inet(SocketAddr::from(([127, 0, 0, 1], port.wrapping_add(1))));
        assert!(!connection.belongs_to(&other));
        assert!(!connection.belongs_to(&Address::Unix("/run/app.sock".into())));
    }

    #[test]
    fn an_ipv4_connection_belongs_to_a_listener_of_both_families() {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let _client = TcpStream::connect(("127.0.0.1", addr.port())).unwrap();
        let own = listener.accept().unwrap().0;
        let connection = Connection::check(own.into(), false).unwrap().unwrap();
        assert!(connection.belongs_to(&Address::Inet(addr)));
        let ipv4 = SocketAddr::from(([0, 0, 0, 0], addr.port()));
        assert!(!connection.belongs_to(&Address::Inet(ipv4)));
    }

    #[test]
    fn a_unix_connection_belongs_to_its_path() {
        let path = std::env::temp_dir().join(format!("connection-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        let own = listener.accept().unwrap().0;
        std::fs::remove_file(&path).unwrap();
        let connection = Connection::check(own.into(), false).unwrap().unwrap();
        assert!(connection.belongs_to(&Address::Unix(path)));
        assert!(!connection.belongs_to(&Address::Unix("/run/app.sock".into())));
    }
}
