//! From the address to the listeners.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use listenfd_core::{Address, Error, ListenFd, Listener};

use crate::handoff::Connection;
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
    let may_wait = need_resolving(&addresses) || handoff::sockets_may_wait();
    let listen = move || ListenFd::from_env()?.listen_or_bind(name.as_deref(), addresses);
    let listeners = run(may_wait, listen).await?;
    handoff::log_received();
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
    let may_wait =
        need_resolving(&addresses) || handoff::sockets_may_wait() || handoff::may_ask_supplier();
    let listen = move || handoff::listen(&ListenFd::from_env()?, name.as_deref(), &addresses);
    let (listeners, taken) = run(may_wait, listen).await?;
    handoff::log_received();
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

/// The copies of handed listeners that a server of this process accepts from. Drop it after them: it says that
/// they are closed.
///
/// On Windows, the supplier is told when all servers of this process have closed theirs (`LISTENFD_EVENTS`).
#[derive(Debug)]
#[must_use = "the copies count as closed when this is dropped"]
pub struct HandedCopies {
    open: AtomicUsize,
}

impl HandedCopies {
    /// Those among these listeners.
    pub fn of(listeners: &[Listener]) -> Self {
        let handed = listeners.iter().filter(|listener| listener.is_handed());
        HandedCopies { open: AtomicUsize::new(handed.count()) }
    }

    /// Notes that they are closed, or that this process does not accept from them again.
    pub fn note_closed(&self) {
        let open = self.open.swap(0, Ordering::AcqRel);
        if open > 0 {
            notify::closed(open);
        }
    }
}

impl Drop for HandedCopies {
    fn drop(&mut self) {
        self.note_closed();
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
