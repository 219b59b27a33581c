//! The one call: take what was handed over, or bind.

use crate::{Address, Error, ListenFd, Listener};

/// The handed listeners, all of them, or the address, bound, when nothing was handed over.
///
/// `localhost:3000` can give several. For sockets of one name see [`ListenFd::listen_or_bind`].
///
/// ```
/// # fn main() -> Result<(), listenfd_core::Error> {
/// let listeners = listenfd_core::listen_or_bind("127.0.0.1:0")?;
/// assert!(!listeners.is_empty());
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// When the variables are malformed, when sockets were handed over that cannot be used, when the
/// address cannot be parsed, resolved or bound.
pub fn listen_or_bind<A>(addr: A) -> Result<Vec<Listener>, Error>
where
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    let address = addr.try_into().map_err(Into::into)?;
    ListenFd::from_env()?.listen_or_bind(None, &address)
}
