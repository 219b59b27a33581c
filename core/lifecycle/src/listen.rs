//! From the address to the listeners, the same for every adapter.

use std::io;

use listenfd_core::{Address, Connection, Error, ListenFd, Listener, process_variable, store};

use crate::{Options, hand_over, notify};

/// Takes the handed listeners with the connections that were accepted from them, or binds the
/// address.
///
/// # Errors
///
/// When the address cannot be parsed or bound, when handed sockets cannot be used, or when an
/// option cannot be meant.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn listen(
    address: Result<Address, Error>,
    options: &mut Options,
) -> io::Result<(Vec<Listener>, Vec<Connection>)> {
    if options.max_connections == Some(0) {
        let reason =
            "max_connections is 0, so no client would ever be served; leave it out for no limit";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let (address, name) = (address?, options.name.clone());
    // Resolving a name can take long, and so can asking a supplier that is busy.
    let may_wait =
        matches!(address, Address::Host { .. }) || process_variable(store::VARIABLE).is_some();
    let listen =
        move || ListenFd::from_env()?.listen_or_bind_and_take_over(name.as_deref(), &address);
    let (listeners, taken) = if may_wait {
        match tokio::task::spawn_blocking(listen).await {
            Ok(found) => found?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    } else {
        listen()?
    };
    Ok((listeners, hand_over::taken_over(taken).await))
}

/// Tells the log, the service manager and the application that connections are accepted.
pub fn announce(addrs: &[Address], options: &mut Options) {
    for addr in addrs {
        tracing::info!("listening on {addr}");
    }
    notify::ready();
    if let Some(on_ready) = options.on_ready.take() {
        on_ready(addrs);
    }
}
