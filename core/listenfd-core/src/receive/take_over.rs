//! The handed listeners together with the connections that the process before has accepted from them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

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
        Supplier::HasStore(path) if !handed.is_empty() => request_from(handed, &path),
        _ => {}
    }
    let taken = handed.inherited.take_connections(&listeners);
    Ok((listeners, taken))
}

/// Adds the connections that a supplier keeps. This can take seconds. Other servers of this process can take
/// the connections that are here meanwhile.
fn request_from(handed: &ListenFd, supplier: &Path) {
    /// Held during a request, so that the servers of this process take turns.
    static TURN: Mutex<()> = Mutex::new(());
    // It guards the order only.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = fd_store::request(supplier);
    handed.inherited.connections().add(kept);
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
