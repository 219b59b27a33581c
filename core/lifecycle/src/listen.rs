//! From the address to the listeners.

use std::io;

use listenfd_core::internal::{Connection, listen_or_bind_and_take_over};
use listenfd_core::{Address, Error, ListenFd, Listener};

use crate::options::Options;
use crate::{handoff, notify};

/// Takes the handed listeners, or binds the addresses. For servers that cannot serve connections of another
/// process: they do not ask for any, and close those that they are given.
///
/// # Errors
///
/// When an address cannot be parsed or bound, when handed sockets cannot be used, or when an option is
/// invalid.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn listen(
    addresses: Result<Vec<Address>, Error>,
    options: &mut Options,
) -> io::Result<Vec<Listener>> {
    let (addresses, name) = validated(addresses, options)?;
    let may_wait = need_resolving(&addresses);
    let listen = move || ListenFd::from_env()?.listen_or_bind(name.as_deref(), addresses);
    let listeners = run(may_wait, listen).await?;
    // It takes no connections over, so none are to be kept for it.
    handoff::forget(false);
    handoff::drop_other_versions();
    Ok(listeners)
}

/// As [`listen`], with the connections that the process before has accepted from these listeners. Serve them
/// on.
///
/// # Errors
///
/// As [`listen`].
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn listen_and_take_over(
    addresses: Result<Vec<Address>, Error>,
    options: &mut Options,
) -> io::Result<(Vec<Listener>, Vec<Connection>)> {
    let (addresses, name) = validated(addresses, options)?;
    // A busy supplier can take long to answer.
    let may_wait = need_resolving(&addresses) || handoff::may_ask_supplier();
    let listen =
        move || listen_or_bind_and_take_over(&ListenFd::from_env()?, name.as_deref(), &addresses);
    let (listeners, taken) = run(may_wait, listen).await?;
    handoff::drop_other_versions();
    Ok((listeners, handoff::taken_over(taken)))
}

fn validated(
    addresses: Result<Vec<Address>, Error>,
    options: &Options,
) -> io::Result<(Vec<Address>, Option<String>)> {
    if options.max_connections == Some(0) {
        let reason =
            "max_connections is 0, so no client would ever be served; leave it out for no limit";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Ok((addresses?, options.name.clone()))
}

/// Whether host names are among them, which can take long to resolve.
fn need_resolving(addresses: &[Address]) -> bool {
    addresses.iter().any(|address| matches!(address, Address::Host { .. }))
}

/// Runs `listen` on a thread that may block, if it can take long.
async fn run<T: Send + 'static>(
    may_wait: bool,
    listen: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if !may_wait {
        return listen();
    }
    match tokio::task::spawn_blocking(listen).await {
        Ok(found) => found,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

/// Tells the log, the service manager and the application that the server accepts connections.
pub fn announce(addrs: &[Address], options: &mut Options) {
    for addr in addrs {
        tracing::info!("listening on {addr}");
    }
    notify::ready();
    if let Some(on_ready) = options.on_ready.take() {
        on_ready(addrs);
    }
}
