//! The listener of all peers.

use std::io;

use listenfd::ListenFd;
use tokio::net::TcpListener;

/// Takes the first handed listener, or binds: the code in the documentation of the `listenfd` crate.
///
/// # Errors
///
/// When it cannot be taken or bound.
///
/// # Panics
///
/// Outside of a tokio runtime with its I/O driver enabled.
pub async fn listener(addr: &str) -> io::Result<TcpListener> {
    match ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        }
        None => TcpListener::bind(addr).await,
    }
}
