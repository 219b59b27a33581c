//! The whole decision in one call: take the handed listeners, or bind.

use super::slot::{LISTENER, Slot, take_listeners};
use super::{HandedSocket, ListenFd, Which};
use crate::address::{Address, IntoAddresses};
use crate::bind::Bind;
use crate::error::Error;
use crate::listener::Listener;

/// Takes all handed listeners, or binds the address if nothing was handed over.
///
/// `localhost:3000` can give several listeners, and so can a list of addresses ([`IntoAddresses`]). For
/// the sockets of one name see [`ListenFd::listen_or_bind`].
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
/// When the variables are malformed. When the handed sockets cannot be used. When the address cannot be
/// parsed, resolved or bound.
pub fn listen_or_bind(addr: impl IntoAddresses) -> Result<Vec<Listener>, Error> {
    ListenFd::from_env()?.listen_or_bind(None, addr)
}

impl ListenFd {
    /// Takes all handed listeners, or those of a name. Binds the addresses if nothing was handed over.
    ///
    /// It does not take over connections of the process before: if a service manager hands over
    /// connections of these listeners, it closes them.
    ///
    /// # Errors
    ///
    /// When sockets were handed over that cannot be used: none has the name, none is a listener, or all
    /// were taken before. When an address cannot be bound.
    pub fn listen_or_bind(
        &self,
        name: Option<&str>,
        addr: impl IntoAddresses,
    ) -> Result<Vec<Listener>, Error> {
        let listeners = self.listeners(name, &addr.into_addresses()?)?;
        drop(self.inherited.take_connections(&listeners));
        if name.is_none() {
            self.inherited.close_unclaimed();
        }
        Ok(listeners)
    }

    pub(super) fn listeners(
        &self,
        name: Option<&str>,
        addresses: &[Address],
    ) -> Result<Vec<Listener>, Error> {
        let slots = self.inherited.slots(name)?;
        if slots.is_empty() {
            let bound = Bind::new().listen_all(addresses);
            return bound.map_err(|err| self.inherited.explain(err));
        }
        let listeners = match name {
            Some(name) => take_listeners(self.candidates(Which::Name(name))?)?,
            None => take_listeners(slots.iter().enumerate())?,
        };
        if listeners.is_empty() { Err(why_none(slots, name)) } else { Ok(listeners) }
    }
}

/// The reason why none of the handed sockets can be used.
fn why_none(slots: &'static [Slot], name: Option<&str>) -> Error {
    let matches = |socket: &HandedSocket| name.is_none() || socket.name() == name;
    let sockets = slots.iter().enumerate().map(|(index, slot)| HandedSocket { index, slot });
    let matching: Vec<_> = sockets.filter(matches).collect();
    match matching.first() {
        Some(first) if matching.iter().all(|socket| !socket.is_taken()) => match name {
            Some(name) => Error::WrongKind {
                index: first.index(),
                name: Some(name.to_owned()),
                found: first.describe(),
                expected: LISTENER,
            },
            None => {
                Error::NoListener { handed: matching.iter().map(HandedSocket::describe).collect() }
            }
        },
        _ => Error::AlreadyTaken { name: name.map(str::to_owned) },
    }
}
