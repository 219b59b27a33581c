//! The life of a server: ready, draining, stopped.
//!
//! What every adapter of this project shares, whatever its framework: the [`Options`] with their
//! defaults, the way from the address to the listeners ([`listen`]), the [`Shutdown`] trigger
//! (SIGTERM and SIGINT unless replaced), the [`Lifecycle`] that tells all connections of the drain
//! and knows when the last is gone, the [`DrainToken`] that tells the application, and what a
//! service manager is told ([`notify`], `sd_notify(3)`). Nothing here accepts or serves a
//! connection.

mod connection;
mod drain;
mod hand_over;
mod listen;
pub mod notify;
mod options;
mod queue;
mod reload;
mod shutdown;
#[cfg(feature = "tls-no-provider")]
pub mod tls;
#[cfg(feature = "tls-no-provider")]
mod tls_error;

pub use connection::ConnectionInfo;
pub use drain::{DrainToken, Guard, Lifecycle};
pub use hand_over::{Drain, Keeper, OutBox};
pub use listen::{announce, listen, listen_and_take_over};
pub use listenfd_core::Address;
pub use options::{OnReady, Options};
pub use reload::Reload;
pub use shutdown::{Shutdown, Trigger};
