//! A listening stream socket, checked once.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::ops::Deref;
#[cfg(unix)]
use std::os::unix::net::UnixListener;

use crate::address::Address;
use crate::kind::Kind;
use crate::sys;

/// A stream socket that accepts connections: open, bound, listening, close-on-exec, non-blocking,
/// and owned once.
///
/// ```
/// use listenfd_core::Listener;
///
/// fn serve(listener: Listener) -> std::io::Result<()> {
///     match listener {
///         Listener::Tcp(tcp) => drop(tcp.into_std()), // tokio::net::TcpListener::from_std(…)
///         #[cfg(unix)]
///         Listener::Unix(unix) => drop(unix.into_std()),
///         other => return Err(std::io::Error::other(format!("{other:?} is not supported"))),
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Listener {
    /// IPv4 or IPv6.
    Tcp(Checked<TcpListener>),
    /// A Unix stream socket.
    #[cfg(unix)]
    Unix(Checked<UnixListener>),
}

impl Listener {
    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<Address> {
        let addr = match self {
            Listener::Tcp(tcp) => sys::local_addr(&tcp.socket),
            #[cfg(unix)]
            Listener::Unix(unix) => sys::local_addr(&unix.socket),
        };
        addr.ok_or_else(|| io::Error::other("the socket has no address"))
    }

    /// Whether it was handed over. Otherwise this process bound it, and closing it refuses the clients
    /// in its queue.
    #[must_use]
    pub fn is_handed(&self) -> bool {
        match self {
            Listener::Tcp(tcp) => tcp.handed,
            #[cfg(unix)]
            Listener::Unix(unix) => unix.handed,
        }
    }

    /// Checks all that the type promises. No other function makes a listener.
    pub(crate) fn check(fd: sys::Owned, handed: bool) -> Result<Self, Refused> {
        let make = match sys::kind(&fd) {
            Ok(Kind::TcpListener) => {
                |fd: sys::Owned, handed| Listener::Tcp(Checked { socket: fd.into(), handed })
            }
            #[cfg(unix)]
            Ok(Kind::UnixListener) => {
                |fd: sys::Owned, handed| Listener::Unix(Checked { socket: fd.into(), handed })
            }
            Ok(kind) => return Err(Refused { fd, reason: Reason::Kind(kind) }),
            Err(err) => return Err(Refused { fd, reason: Reason::System(err) }),
        };
        match sys::set_nonblocking(&fd) {
            Ok(()) => Ok(make(fd, handed)),
            Err(err) => Err(Refused { fd, reason: Reason::System(err) }),
        }
    }
}

/// A socket of the standard library that has passed the checks of [`Listener`].
pub struct Checked<T> {
    socket: T,
    handed: bool,
}

impl<T> Checked<T> {
    /// The socket, in non-blocking mode.
    pub fn into_std(self) -> T {
        self.socket
    }
}

impl<T> Deref for Checked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.socket
    }
}

impl<T: fmt::Debug> fmt::Debug for Checked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

/// A socket that cannot be a [`Listener`], given back.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) fd: sys::Owned,
    pub(crate) reason: Reason,
}

#[derive(Debug)]
pub(crate) enum Reason {
    Kind(Kind),
    System(io::Error),
}
