//! Why sockets could not be received or bound: one variant for each reason.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Holder;
use crate::address::{Address, AddressError};
use crate::receive::Foreign;
use crate::sys;

/// Why sockets could not be received or bound.
///
/// Converts into [`std::io::Error`] with the fitting [`kind`](io::ErrorKind), so a server's `main` can
/// return `io::Result<()>`. Rust prints an error of `main` with `Debug`, so `Debug` gives the message
/// and its cause.
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// A variable of `sd_listen_fds(3)` is malformed.
    #[non_exhaustive]
    Variable {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        found: String,
        /// The values that are allowed.
        expected: String,
    },
    /// A socket was announced, but nothing is open at its fd.
    #[non_exhaustive]
    NotOpen {
        /// Its index, from 0.
        index: usize,
        /// How many sockets were announced.
        count: usize,
        /// Its fd.
        fd: u32,
    },
    /// A socket was announced, but this process has opened its fd itself.
    #[non_exhaustive]
    NotInherited {
        /// Its index, from 0.
        index: usize,
        /// How many sockets were announced.
        count: usize,
        /// Its fd.
        fd: u32,
    },
    /// A handed socket is of another kind than the caller asked for.
    #[non_exhaustive]
    WrongKind {
        /// Its index, from 0.
        index: usize,
        /// Its entry in `LISTEN_FDNAMES`.
        name: Option<String>,
        /// Its kind and address.
        found: String,
        /// The kind that was asked for.
        expected: &'static str,
    },
    /// No handed socket has the name that was asked for.
    #[non_exhaustive]
    UnknownName {
        /// The name that was asked for.
        name: String,
        /// The names of the handed sockets, in order.
        handed: Vec<Option<String>>,
    },
    /// launchd has no sockets of the name that was asked for.
    #[non_exhaustive]
    UnknownToLaunchd {
        /// The name that was asked for.
        name: String,
    },
    /// launchd did not hand over the sockets of a name.
    #[non_exhaustive]
    Launchd {
        /// The name that was asked for.
        name: String,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// Sockets were handed over, but none of them accepts connections.
    #[non_exhaustive]
    NoListener {
        /// The kinds and addresses of the handed sockets, in order.
        handed: Vec<String>,
    },
    /// The handed listeners were taken before.
    #[non_exhaustive]
    AlreadyTaken {
        /// The name that was asked for, if any.
        name: Option<String>,
    },
    /// The address cannot be parsed.
    Address(AddressError),
    /// The host name has no address.
    #[non_exhaustive]
    Resolve {
        /// The address as typed.
        address: Address,
        /// The resolver's error.
        source: Arc<io::Error>,
    },
    /// Another process listens on the address.
    #[non_exhaustive]
    InUse {
        /// The address.
        address: Address,
        /// The process that listens there, where the platform tells.
        holder: Option<Holder>,
        /// Sockets that were handed over to another process. They may be the reason.
        foreign: Option<Foreign>,
        /// Whether this process is a job of launchd, from which it did not get the sockets. launchd itself
        /// may listen on the address.
        is_launchd_job: bool,
    },
    /// A socket of this process already has the address, or one that includes it.
    #[non_exhaustive]
    Overlap {
        /// The address.
        address: Address,
        /// The address of that other socket.
        other: Address,
    },
    /// The path of a Unix socket is taken by something that is not a socket.
    #[non_exhaustive]
    Occupied {
        /// The path.
        path: PathBuf,
        /// The type of file that is there.
        found: &'static str,
    },
    /// The address cannot be bound for another reason.
    #[non_exhaustive]
    Bind {
        /// The address.
        address: Address,
        /// The step that failed.
        doing: &'static str,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// The supplier did not hand the sockets over (`SYSTEMFD_SOCKET_SERVER`).
    #[cfg(windows)]
    #[non_exhaustive]
    Supplier {
        /// The address of its socket server.
        server: std::net::SocketAddr,
        /// What went wrong, and what to do about it.
        problem: &'static str,
        /// The system's error, if that was the reason.
        source: Option<Arc<io::Error>>,
    },
    /// A handed socket cannot be examined or prepared.
    #[non_exhaustive]
    Socket {
        /// Its index, from 0.
        index: usize,
        /// The system's error.
        source: Arc<io::Error>,
    },
}

impl Error {
    /// A failure to examine or prepare the handed socket at `index`.
    pub(crate) fn socket(index: usize, source: io::Error) -> Self {
        Error::Socket { index, source: Arc::new(source) }
    }

    /// A failure to bind, while `doing` something.
    pub(crate) fn bind(address: &Address, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Error::Bind { address: address.clone(), doing, source: Arc::new(source) }
    }

    /// An address in use, by another process or by this one.
    pub(crate) fn in_use(address: &Address, holder: Option<Holder>) -> Self {
        let address = address.clone();
        match holder {
            Some(holder) if holder.pid == std::process::id() => {
                Error::Overlap { other: address.clone(), address }
            }
            _ => Error::InUse { address, holder, foreign: None, is_launchd_job: false },
        }
    }

    /// Adds the variables for another process that were found: they may explain why the address is in
    /// use.
    pub(crate) fn with_foreign(self, found: Option<&Foreign>) -> Self {
        match (self, found.cloned()) {
            (Error::InUse { address, holder, is_launchd_job, .. }, foreign) => {
                Error::InUse { address, holder, foreign, is_launchd_job }
            }
            // The sockets for another process are open in this process, too.
            (Error::Overlap { address, .. }, foreign @ Some(_)) => {
                let holder = Some(Holder::this_process());
                Error::InUse { address, holder, foreign, is_launchd_job: false }
            }
            (err, _) => err,
        }
    }

    /// Adds that this process is a job of launchd, and that it did not get the sockets from there.
    pub(crate) fn with_launchd(self) -> Self {
        match self {
            Error::InUse { address, holder, foreign, .. } => {
                Error::InUse { address, holder, foreign, is_launchd_job: true }
            }
            err => err,
        }
    }

    /// Whether this machine lacks the address or its family, such as IPv6 switched off.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Error::Bind { source, .. } => {
                source.kind() == io::ErrorKind::AddrNotAvailable || sys::is_unknown_family(source)
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match std::error::Error::source(self) {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Resolve { source, .. }
            | Error::Bind { source, .. }
            | Error::Launchd { source, .. }
            | Error::Socket { source, .. } => Some(&**source),
            #[cfg(windows)]
            Error::Supplier { source: Some(source), .. } => Some(&**source),
            _ => None,
        }
    }
}

impl From<AddressError> for Error {
    fn from(err: AddressError) -> Self {
        Error::Address(err)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<Error> for io::Error {
    fn from(err: Error) -> Self {
        let kind = match &err {
            Error::InUse { .. } | Error::Overlap { .. } | Error::AlreadyTaken { .. } => {
                io::ErrorKind::AddrInUse
            }
            Error::Occupied { .. } => io::ErrorKind::AlreadyExists,
            Error::Resolve { .. } | Error::UnknownName { .. } | Error::UnknownToLaunchd { .. } => {
                io::ErrorKind::NotFound
            }
            Error::Bind { source, .. }
            | Error::Launchd { source, .. }
            | Error::Socket { source, .. } => source.kind(),
            #[cfg(windows)]
            Error::Supplier { source, .. } => {
                source.as_ref().map_or(io::ErrorKind::InvalidData, |source| source.kind())
            }
            Error::Variable { .. } | Error::NotOpen { .. } | Error::NotInherited { .. } => {
                io::ErrorKind::InvalidData
            }
            Error::WrongKind { .. } | Error::NoListener { .. } | Error::Address(_) => {
                io::ErrorKind::InvalidInput
            }
        };
        io::Error::new(kind, err)
    }
}
