//! The text of each error: the variable, the index, what was found, what was expected, and the cure.

use std::fmt;
use std::io;

use super::{Error, Holder};
use crate::address::Address;
use crate::escape::escaped;
use crate::receive::Foreign;
use crate::sys;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Variable { .. }
            | Error::NotOpen { .. }
            | Error::NotInherited { .. }
            | Error::Socket { .. } => fmt_receiving(self, f),
            #[cfg(windows)]
            Error::Supplier { server, problem, .. } => {
                write!(f, "the supplier at {server} (SYSTEMFD_SOCKET_SERVER) {problem}")
            }
            Error::WrongKind { .. }
            | Error::UnknownName { .. }
            | Error::UnknownToLaunchd { .. }
            | Error::Launchd { .. }
            | Error::NoListener { .. }
            | Error::AlreadyTaken { .. } => fmt_taking(self, f),
            Error::Address(_)
            | Error::Resolve { .. }
            | Error::InUse { .. }
            | Error::Overlap { .. }
            | Error::Occupied { .. }
            | Error::Bind { .. } => fmt_binding(self, f),
        }
    }
}

/// Errors about the variables and the fds that they announce.
fn fmt_receiving(err: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match err {
        Error::Variable { variable, found, expected } => write!(
            f,
            "{variable} is {found:?}, but must be {expected}; correct or unset it where this \
             program is started"
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
        Error::Socket { index, .. } => write!(f, "cannot prepare handed socket {index}"),
        _ => Ok(()),
    }
}

/// Errors about taking handed sockets.
fn fmt_taking(err: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match err {
        Error::WrongKind { index, name, found, expected } => write!(
            f,
            "handed socket {index}{} is {found}, but {expected} is needed; change it where the \
             socket is opened, or take another socket by its name",
            in_quotes(name.as_deref())
        ),
        Error::UnknownName { name, handed } => write!(
            f,
            "no handed socket is named {name:?}; LISTEN_FDNAMES has {}; name it there \
             (FileDescriptorName={shown} in the .socket unit, -s {shown}=... for systemfd) or take \
             another name",
            list(handed.iter().map(|name| name.as_deref().unwrap_or("(no name)"))),
            shown = escaped(name),
        ),
        Error::UnknownToLaunchd { name } => write!(
            f,
            "launchd has no sockets named {name:?} for this job; add them to its property list, under \
             the key {shown} of Sockets, and load it again (launchctl bootout, launchctl bootstrap); take \
             another name; or leave the name out to bind the address",
            shown = escaped(name),
        ),
        Error::Launchd { name, .. } => {
            write!(f, "launchd did not hand over the sockets named {name:?}")
        }
        Error::NoListener { handed } => write!(
            f,
            "a listening socket is needed, but these were handed over: {}; add one where the \
             sockets are opened (ListenStream= in the .socket unit, -s http::3000 for systemfd)",
            list(handed.iter().map(String::as_str))
        ),
        Error::AlreadyTaken { name } => write!(
            f,
            "the handed listeners{} were taken before in this process; give each server sockets \
             with a name of their own",
            in_quotes(name.as_deref())
        ),
        _ => Ok(()),
    }
}

/// Errors about an address.
fn fmt_binding(err: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match err {
        Error::Address(err) => write!(f, "{err}"),
        Error::Resolve { address, .. } => {
            write!(f, "cannot find the address of {address}; check the host name")
        }
        Error::InUse { address, holder, foreign, is_launchd_job } => {
            in_use(f, address, holder, foreign, *is_launchd_job)
        }
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

/// The cure for the usual reasons why an address cannot be bound.
fn cure(address: &Address, source: &io::Error) -> &'static str {
    match (source.kind(), address) {
        (io::ErrorKind::NotFound, Address::Unix(_)) => " (create its folder first)",
        (io::ErrorKind::PermissionDenied, Address::Unix(_)) => {
            " (this user may not write to its folder)"
        }
        (io::ErrorKind::PermissionDenied, _) => sys::PORT_DENIED,
        (io::ErrorKind::AddrNotAvailable, _) => " (no interface of this machine has the address)",
        _ => "",
    }
}

fn in_use(
    f: &mut fmt::Formatter<'_>,
    address: &Address,
    holder: &Option<Holder>,
    foreign: &Option<Foreign>,
    is_launchd_job: bool,
) -> fmt::Result {
    write!(f, "cannot listen on {address}: it is in use")?;
    if let Some(holder) = holder {
        write!(f, " by {holder}")?;
    }
    if is_launchd_job {
        return f.write_str(
            "; this process is a job of launchd, which has no sockets named Listeners for it: if the \
             address is in the job's property list, rename the key under Sockets to Listeners, or give \
             its name to the server; otherwise stop the other program or choose another address",
        );
    }
    let Some(Foreign { meant_for, found_by }) = foreign else {
        return f.write_str("; stop that program or choose another address");
    };
    write!(f, "; sockets were handed over, but to process {meant_for} (LISTEN_PID), and this is ")?;
    write!(f, "process {found_by}: if a program such as cargo watch runs in between, start the ")?;
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
