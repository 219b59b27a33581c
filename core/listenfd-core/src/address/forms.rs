//! The forms of an address, and their text.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::escape::escaped;

/// Where to listen.
///
/// | typed | means |
/// |---|---|
/// | `3000` | port 3000 on loopback, `127.0.0.1:3000` |
/// | `:3000` | port 3000 on every interface, IPv6 and IPv4 |
/// | `127.0.0.1:3000`, `[::1]:3000` | that address |
/// | `localhost:3000` | every address the name resolves to |
/// | `unix:/run/app.sock`, `/run/app.sock`, `./app.sock` | a Unix socket at that path |
/// | `@app`, `unix:@app` | a Unix socket in the abstract namespace (Linux, `unix(7)`) |
///
/// `to_string` gives a text for people: control characters are escaped. It can be parsed again, but for
/// unusual paths, such as one that begins with `@` or is not UTF-8.
///
/// ```
/// use listenfd_core::Address;
///
/// let addr: Address = "3000".parse()?;
/// assert_eq!(addr.to_string(), "127.0.0.1:3000");
/// # Ok::<(), listenfd_core::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port; port 0 lets the system choose.
    Inet(SocketAddr),
    /// A port on every interface.
    AnyInterface(u16),
    /// A host name and a port. Binding resolves the name.
    Host {
        /// The name, as typed.
        name: String,
        /// The port; 0 lets the system choose one for all addresses of the name.
        port: u16,
    },
    /// A Unix socket in the file system.
    Unix(PathBuf),
    /// A Unix socket in Linux's abstract namespace, without the leading NUL byte.
    Abstract(Vec<u8>),
}

impl Address {
    /// The IP address and port, if this is an [`Inet`](Address::Inet) address.
    #[must_use]
    pub fn as_inet(&self) -> Option<SocketAddr> {
        match self {
            Address::Inet(addr) => Some(*addr),
            _ => None,
        }
    }

    /// The path, if this is a Unix socket in the file system.
    #[must_use]
    pub fn as_unix_path(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) => Some(path),
            _ => None,
        }
    }

    /// Whether this is every IPv6 address, which includes every IPv4 one where the system has it so.
    pub(crate) fn takes_both_families(&self) -> bool {
        match self {
            Address::AnyInterface(_) => true,
            Address::Inet(SocketAddr::V6(addr)) => addr.ip().is_unspecified(),
            _ => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(addr) => addr.fmt(f),
            Address::AnyInterface(port) => write!(f, ":{port}"),
            Address::Host { name, port } => write!(f, "{}:{port}", escaped(name)),
            Address::Unix(path) => write!(f, "unix:{}", escaped(path.display())),
            Address::Abstract(name) => {
                write!(f, "unix:@{}", escaped(String::from_utf8_lossy(name)))
            }
        }
    }
}
