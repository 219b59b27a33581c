//! One socket to open: its type, its address, its name. `parse.rs` reads it from what users type.

use std::fmt;

use listenfd_core::Address;
use listenfd_core::internal::escaped;

/// One socket to open.
///
/// | typed | opens |
/// |---|---|
/// | `3000`, `127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`, `:3000` | TCP |
/// | `tcp::3000`, `http::3000`, `https::3000` | TCP; the last two are printed as URLs |
/// | `udp::3000` | UDP |
/// | `/run/app.sock`, `unix::app.sock`, `unix::@app` | Unix stream, `@` for an abstract name |
/// | `unixgram::PATH`, `seqpacket::PATH` | Unix datagram, Unix seqpacket |
/// | `unix::PATH,mode=660,user=www,group=www` | a Unix socket with permissions and owner |
/// | `web=http::3000` | a socket named `web` |
///
/// One spec is one socket, so that indexes do not depend on the resolver: of the addresses of a
/// host name, the first IPv4 one is taken, or else the first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spec {
    /// Its entry in `LISTEN_FDNAMES`.
    pub name: Option<String>,
    /// The kind of socket.
    pub scheme: Scheme,
    /// The address to bind.
    pub address: Address,
    /// The permissions of a Unix socket's path.
    pub mode: Option<u32>,
    /// The user who owns a Unix socket's path.
    pub user: Option<Owner>,
    /// The group that owns a Unix socket's path.
    pub group: Option<Owner>,
}

/// What kind of socket to open, and how to print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// A TCP listener.
    Tcp,
    /// A TCP listener that speaks HTTP.
    Http,
    /// A TCP listener that speaks HTTP over TLS.
    Https,
    /// A UDP socket.
    Udp,
    /// A listening Unix stream socket.
    Unix,
    /// A Unix datagram socket.
    Unixgram,
    /// A listening Unix seqpacket socket.
    Seqpacket,
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// By number.
    Id(u32),
    /// By name.
    Name(String),
}

impl Scheme {
    pub(super) const ALL: [(&'static str, Scheme); 7] = [
        ("tcp", Scheme::Tcp),
        ("http", Scheme::Http),
        ("https", Scheme::Https),
        ("udp", Scheme::Udp),
        ("unix", Scheme::Unix),
        ("unixgram", Scheme::Unixgram),
        ("seqpacket", Scheme::Seqpacket),
    ];

    /// Whether the address is a path or an abstract name.
    #[must_use]
    pub fn is_unix(self) -> bool {
        matches!(self, Scheme::Unix | Scheme::Unixgram | Scheme::Seqpacket)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Scheme::ALL.iter().find(|(_, scheme)| scheme == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{}=", escaped(name))?;
        }
        write!(f, "{}::", self.scheme)?;
        match &self.address {
            Address::Unix(path) => write!(f, "{}", escaped(path.display()))?,
            Address::Abstract(name) => write!(f, "@{}", escaped(String::from_utf8_lossy(name)))?,
            inet => inet.fmt(f)?,
        }
        if let Some(mode) = self.mode {
            write!(f, ",mode={mode:o}")?;
        }
        for (option, owner) in [("user", &self.user), ("group", &self.group)] {
            match owner {
                Some(Owner::Id(id)) => write!(f, ",{option}={id}")?,
                Some(Owner::Name(name)) => write!(f, ",{option}={}", escaped(name))?,
                None => {}
            }
        }
        Ok(())
    }
}
