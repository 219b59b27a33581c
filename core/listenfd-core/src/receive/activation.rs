//! The one call: take what was handed over, or bind; and whose connections come with it.

use std::time::Duration;

use super::listen_fd::{LISTENER, take_all};
use crate::handoff::TakenOver;
use crate::handoff::fd_store::{self, Supplier};
use crate::{Address, Error, HandedSocket, IntoAddresses, ListenFd, Listener, Which};

/// The handed listeners, all of them, or the address, bound, when nothing was handed over.
///
/// `localhost:3000` can give several, and so can a list of addresses ([`IntoAddresses`]). For sockets of
/// one name see [`ListenFd::listen_or_bind`].
///
/// ```
/// # fn main() -> Result<(), listenfd_core::Error> {
/// let listeners = listenfd_core::listen_or_bind(["127.0.0.1:0", "127.0.0.1:0"])?;
/// assert_eq!(listeners.len(), 2);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// When the variables are malformed, when sockets were handed over that cannot be used, when the
/// address cannot be parsed, resolved or bound.
pub fn listen_or_bind(addr: impl IntoAddresses) -> Result<Vec<Listener>, Error> {
    ListenFd::from_env()?.listen_or_bind(None, addr)
}

/// As [`ListenFd::listen_or_bind`], with the connections that the process before this one has accepted
/// from these listeners and handed over.
///
/// They come from a service manager, as descriptors of the name
/// [`CONNECTIONS`](crate::internal::CONNECTIONS), and from the [`fd_store`] of our own suppliers, if
/// sockets were handed over at all. A supplier may take seconds to answer, ten at most, so a thread
/// that must not block does not call this. [`close_connections`] closes those of other listeners.
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
        Supplier::HasStore(path) if !handed.is_empty() => handed.inherited.ask(&path),
        _ => {}
    }
    let taken = handed.take_over(&listeners);
    Ok((listeners, taken))
}

/// Closes the handed connections that no server of this process has taken over, and returns their
/// number. For when all servers of this process listen.
#[must_use]
pub fn close_connections(handed: &ListenFd) -> usize {
    handed.inherited.connections().close()
}

impl ListenFd {
    /// The whole decision: the handed listeners, all of them or those of a name; or, when nothing
    /// at all was handed over, the address or addresses, bound.
    ///
    /// It asks nobody for connections that a process before has left: those of its listeners that a
    /// service manager hands over are closed.
    ///
    /// # Errors
    ///
    /// When sockets were handed over that cannot be used here: none of that name, no listener
    /// among them, all taken before. When an address cannot be bound.
    pub fn listen_or_bind(
        &self,
        name: Option<&str>,
        addr: impl IntoAddresses,
    ) -> Result<Vec<Listener>, Error> {
        let listeners = self.listeners(name, &addr.into_addresses()?)?;
        drop(self.take_over(&listeners));
        if name.is_none() {
            self.close_unknown();
        }
        Ok(listeners)
    }

    fn listeners(&self, name: Option<&str>, addresses: &[Address]) -> Result<Vec<Listener>, Error> {
        if self.is_empty() {
            let bound = crate::Bind::new().listen_all(addresses);
            return bound.map_err(|err| err.with_foreign(self.inherited.foreign.as_ref()));
        }
        let slots = match name {
            Some(name) => take_all(self.candidates(Which::Name(name))?),
            None => take_all(self.inherited.slots.iter().enumerate()),
        };
        let listeners = slots?;
        if listeners.is_empty() { Err(self.why_none(name)) } else { Ok(listeners) }
    }

    pub(crate) fn take_over(&self, listeners: &[Listener]) -> TakenOver {
        let addrs: Vec<_> = listeners.iter().filter_map(|it| it.local_addr().ok()).collect();
        self.inherited.connections().take(&addrs)
    }

    /// Closes the connections of all listeners, taken by somebody who does not know of connections.
    pub(crate) fn close_unknown(&self) {
        /// Who binds may not be the only one of this process, and another one may take them.
        const TIME: Duration = Duration::from_secs(10);
        let inherited = self.inherited;
        let mut waiting = inherited.connections();
        if !self.is_empty() {
            waiting.close();
        } else if waiting.has_any() {
            std::thread::spawn(|| {
                std::thread::sleep(TIME);
                inherited.connections().close();
            });
        }
    }

    /// Why sockets were handed over and yet none is left to serve.
    fn why_none(&self, name: Option<&str>) -> Error {
        let asked = |socket: &HandedSocket| name.is_none() || socket.name() == name;
        let asked: Vec<_> = self.iter().filter(asked).collect();
        match asked.first() {
            Some(first) if asked.iter().all(|socket| !socket.is_taken()) => match name {
                Some(name) => Error::WrongKind {
                    index: first.index(),
                    name: Some(name.to_owned()),
                    found: first.describe(),
                    expected: LISTENER,
                },
                None => {
                    Error::NoListener { handed: asked.iter().map(HandedSocket::describe).collect() }
                }
            },
            _ => Error::AlreadyTaken { name: name.map(str::to_owned) },
        }
    }
}
