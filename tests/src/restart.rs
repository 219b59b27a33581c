//! Any server that can be restarted.

use std::net::SocketAddr;

/// A server that can be restarted.
pub trait Restart {
    /// The address of the server.
    fn addr(&self) -> SocketAddr;

    /// Restarts the server, and waits until the new process serves.
    ///
    /// # Panics
    ///
    /// When it does not serve in time.
    fn restart(&mut self);
}
