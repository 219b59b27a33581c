#![doc = include_str!("../README.md")]
//!
//! # What is here
//!
//! * [`Options`]: the options of all adapters, with their defaults.
//! * [`listen`]: from the address to the listeners.
//! * [`Shutdown`]: what starts the shutdown, SIGTERM and SIGINT by default.
//! * [`Lifecycle`]: tells all connections of the drain, and knows when the last one is gone.
//! * [`DrainToken`]: tells the application of the drain.
//! * [`notify`]: messages to the service manager (`sd_notify(3)`).
//!
//! Nothing here accepts or serves a connection.

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
