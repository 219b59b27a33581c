//! The life of a server: ready, draining, stopped.
//!
//! What every adapter of this project shares, whatever its framework: the [`Options`] with their
//! defaults, the [`Shutdown`] trigger (SIGTERM and SIGINT unless replaced), the [`Lifecycle`] that
//! tells all connections of the drain and knows when the last is gone, and what a service manager
//! is told ([`notify`], `sd_notify(3)`). Nothing here accepts or serves a connection.

mod drain;
pub mod notify;
mod options;
mod shutdown;

pub use drain::{Lifecycle, Token};
pub use options::Options;
pub use shutdown::{Shutdown, Trigger};
