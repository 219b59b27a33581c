//! What can go wrong, said so that the reader knows what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::escape::escaped;
use crate::protocol::Foreign;
use crate::{Address, AddressError};

/// Why sockets could not be received or bound.
///
/// Converts into [`std::io::Error`] with the fitting [`kind`](io::ErrorKind), so that a server's
/// `main` can return `io::Result<()>`. As `main` prints errors with `Debug`, that gives the message
/// and its cause here.
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// A variable of `sd_listen_fds(3)` is malformed.
    Variable {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A socket was announced, but nothing is open at its fd.
    NotOpen {
        /// Its position, from 0.
        index: usize,
        /// How many sockets were announced.
        count: usize,
        /// Its number.
        fd: u32,
    },
    /// A socket was announced, but this process has opened what is at its fd itself.
    NotInherited {
        /// Its position, from 0.
        index: usize,
        /// How many sockets were announced.
        count: usize,
        /// Its number.
        fd: u32,
    },
    /// A socket is of another kind than was asked for.
    WrongKind {
        /// Its position, from 0.
        index: usize,
        /// Its entry in `LISTEN_FDNAMES`.
        name: Option<String>,
        /// What it is.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// A name was asked for that no handed socket has.
    UnknownName {
        /// The name asked for.
        name: String,
        /// The names of the handed sockets, in order.
        handed: Vec<Option<String>>,
    },
    /// Sockets were handed over, but none of them can accept connections.
    NoListener {
        /// What was handed over, in order.
        handed: Vec<String>,
    },
    /// The handed listeners were asked for a second time.
    AlreadyTaken {
        /// The name asked for, if any.
        name: Option<String>,
    },
    /// The address cannot be parsed.
    Address(AddressError),
    /// The host name has no address.
    Resolve {
        /// The address as typed.
        address: Address,
        /// The resolver's error.
        source: Arc<io::Error>,
    },
    /// Somebody else listens on the address.
    InUse {
        /// The address.
        address: Address,
        /// Who listens there, where the platform tells.
        holder: Option<Holder>,
        /// Sockets that were handed over, but to another process: it may be those that are in the
        /// way.
        foreign: Option<Foreign>,
    },
    /// A socket of this process is in the way.
    Overlap {
        /// The address.
        address: Address,
        /// Where that other socket listens.
        other: Address,
    },
    /// Something that is no socket, or that cannot be examined, stands at the Unix socket's path.
    Occupied {
        /// The path.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// The address cannot be bound for another reason.
    Bind {
        /// The address.
        address: Address,
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// A handed socket cannot be examined or prepared.
    Socket {
        /// Its position, from 0.
        index: usize,
        /// The system's error.
        source: Arc<io::Error>,
    },
}

/// A process that holds an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its name, as the system shows it.
    pub name: String,
}

impl Holder {
    pub(crate) fn this_process() -> Self {
        let program = std::env::args_os().next().map(PathBuf::from);
        let name = program.as_deref().and_then(std::path::Path::file_name);
        let name = name.map_or("this process".into(), |name| name.to_string_lossy().into_owned());
        Holder { pid: std::process::id(), name }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", escaped(&self.name), self.pid)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Variable { .. }
            | Error::NotOpen { .. }
            | Error::NotInherited { .. }
            | Error::WrongKind { .. }
            | Error::UnknownName { .. }
            | Error::NoListener { .. }
            | Error::AlreadyTaken { .. }
            | Error::Socket { .. } => fmt_receiving(self, f),
            Error::Address(_)
            | Error::Resolve { .. }
            | Error::InUse { .. }
            | Error::Overlap { .. }
            | Error::Occupied { .. }
            | Error::Bind { .. } => fmt_binding(self, f),
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
            | Error::Socket { source, .. } => Some(&**source),
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
            Error::Resolve { .. } | Error::UnknownName { .. } => io::ErrorKind::NotFound,
            Error::Bind { source, .. } | Error::Socket { source, .. } => source.kind(),
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

/// What went wrong with handed sockets.
fn fmt_receiving(err: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match err {
        Error::Variable { variable, found, expected } => write!(
            f,
            "{variable} is {found:?}, but must be {expected}; mend or unset it where this program \
             is started"
        ),
        Error::NotOpen { index, count, fd } => write!(
            f,
            "LISTEN_FDS announces {count} socket{}, but fd {fd} (index {index}) is not open; a \
             program between the supplier and this one may have closed it, or the variable is \
             left over: start this program with its sockets, or unset LISTEN_FDS",
            plural(*count)
        ),
        Error::NotInherited { index, count, fd } => write!(
            f,
            "LISTEN_FDS announces {count} socket{}, but this process has opened fd {fd} (index \
             {index}) itself: a program between the supplier and this one has closed the socket, or \
             the variable is left over from a parent that took it; start this program with its \
             sockets, or unset LISTEN_FDS",
            plural(*count)
        ),
        Error::WrongKind { index, name, found, expected } => write!(
            f,
            "handed socket {index}{} is {found}, but {expected} is needed; change it where the \
             socket is opened, or ask for another one by its name",
            in_quotes(name.as_deref())
        ),
        Error::UnknownName { name, handed } => write!(
            f,
            "no handed socket is named {name:?}; LISTEN_FDNAMES has {}; name it there \
             (FileDescriptorName={shown} in the .socket unit, -s {shown}=... for systemfd) or ask \
             for another name",
            list(handed.iter().map(|name| name.as_deref().unwrap_or("(no name)"))),
            shown = escaped(name),
        ),
        Error::NoListener { handed } => write!(
            f,
            "a listening socket is needed, but what was handed over is {}; add one where the \
             sockets are opened (ListenStream= in the .socket unit, -s http::3000 for systemfd)",
            list(handed.iter().map(String::as_str))
        ),
        Error::AlreadyTaken { name } => write!(
            f,
            "the handed listeners{} were taken before in this process; give each server sockets \
             of a name of its own",
            in_quotes(name.as_deref())
        ),
        Error::Socket { index, .. } => write!(f, "cannot prepare handed socket {index}"),
        _ => Ok(()),
    }
}

/// What went wrong with an address.
fn fmt_binding(err: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match err {
        Error::Address(err) => write!(f, "{err}"),
        Error::Resolve { address, .. } => {
            write!(f, "cannot find the address of {address}; check the host name")
        }
        Error::InUse { address, holder, foreign } => in_use(f, address, holder, foreign),
        Error::Overlap { address, other } => overlap(f, address, other),
        Error::Occupied { path, found } => write!(
            f,
            "cannot listen on {}: {found} is there already, and only dead sockets are replaced; \
             remove it or choose another path",
            escaped(path.display())
        ),
        Error::Bind { address, doing, source } => {
            write!(f, "cannot listen on {address}: {doing} failed{}", cure(address, source))
        }
        _ => Ok(()),
    }
}

/// What helps, for the usual reasons that an address cannot be bound.
fn cure(address: &Address, source: &io::Error) -> &'static str {
    match (source.kind(), address) {
        (io::ErrorKind::NotFound, Address::Unix(_)) => " (create its folder first)",
        (io::ErrorKind::PermissionDenied, Address::Unix(_)) => {
            " (this user may not write to its folder)"
        }
        (io::ErrorKind::PermissionDenied, _) => {
            " (ports below 1024 are for root: let systemd open it, or use a higher one)"
        }
        (io::ErrorKind::AddrNotAvailable, _) => " (no interface of this machine has the address)",
        _ => "",
    }
}

fn in_use(
    f: &mut fmt::Formatter<'_>,
    address: &Address,
    holder: &Option<Holder>,
    foreign: &Option<Foreign>,
) -> fmt::Result {
    write!(f, "cannot listen on {address}: it is in use")?;
    if let Some(holder) = holder {
        write!(f, " by {holder}")?;
    }
    let Some(Foreign { meant_for, found_by }) = foreign else {
        return f.write_str("; stop that program or choose another address");
    };
    write!(f, "; sockets were handed over, but to process {meant_for} (LISTEN_PID), and this is ")?;
    write!(f, "process {found_by}: if a program such as cargo watch stands between, start the ")?;
    f.write_str("supplier with --no-pid")
}

fn overlap(f: &mut fmt::Formatter<'_>, address: &Address, other: &Address) -> fmt::Result {
    if address == other {
        return write!(
            f,
            "cannot listen on {address}: this process listens there already; the address is given \
             twice, leave one of them out"
        );
    }
    write!(f, "cannot listen on {address}: this process listens on {other} already, and ")?;
    match (address.takes_both_families(), other.takes_both_families()) {
        (_, true) if is_ipv4(address) => write!(f, "that takes IPv4 connections, too")?,
        (true, _) if is_ipv4(other) => write!(f, "{address} takes IPv4 connections, too")?,
        _ => f.write_str("one of them includes the other")?,
    }
    f.write_str("; leave one of them out, or give both to one server or one command")
}

fn is_ipv4(address: &Address) -> bool {
    address.as_inet().is_some_and(|addr| addr.is_ipv4())
}

fn in_quotes(name: Option<&str>) -> String {
    name.map(|name| format!(" {name:?}")).unwrap_or_default()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.map(|item| escaped(item).to_string()).collect::<Vec<_>>().join(", ")
}
