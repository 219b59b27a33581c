//! The handed listeners together with the connections that the process before has accepted from them.

use super::ListenFd;
use crate::address::Address;
use crate::error::Error;
use crate::handoff::TakenOver;
use crate::handoff::fd_store::{self, Supplier};
use crate::listener::Listener;

/// As [`ListenFd::listen_or_bind`], with the connections that the process before this one has accepted
/// from these listeners and handed over.
///
/// A service manager hands them over with the sockets, as descriptors of the name
/// [`CONNECTIONS`](crate::internal::CONNECTIONS). A supplier of ours is asked for them ([`fd_store`]), if
/// sockets were handed over. It may take ten seconds to answer, so do not call this on a thread that must
/// not block. [`close_connections`] closes the connections of other listeners.
///
/// # Errors
///
/// As [`ListenFd::listen_or_bind`].
pub fn listen_or_bind_and_take_over(
    handed: &ListenFd,
    name: Option<&str>,
    addresses: &[Address],
) -> Result<(Vec<Listener>, TakenOver), Error> {
    let listeners = handed.listeners(name, addresses)?;
    match fd_store::supplier() {
        Supplier::HasStore(path) if !handed.is_empty() => handed.inherited.request_from(&path),
        _ => {}
    }
    let taken = handed.inherited.take_connections(&listeners);
    Ok((listeners, taken))
}

/// Closes the handed connections that no server of this process has taken over, and returns their
/// number. For when all servers of this process listen.
#[must_use]
pub fn close_connections(handed: &ListenFd) -> usize {
    handed.inherited.connections().close()
}

/// The names of the descriptors in which a process of another version has left connections, each once.
/// Only the first call returns them. This process has closed them, but a service manager keeps its copies
/// until it is told to forget the names.
#[must_use]
pub fn take_other_versions(handed: &ListenFd) -> Vec<String> {
    handed.inherited.connections().take_other_versions()
}
