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

mod connection_info;
mod drain;
mod handoff;
mod listen;
pub mod notify;
mod notify_queue;
mod options;
mod reload;
mod shutdown;
#[cfg(feature = "tls-no-provider")]
pub mod tls;

pub use connection_info::ConnectionInfo;
pub use drain::{DrainToken, Guard, Lifecycle};
pub use handoff::{DrainingServer, Keeper, KeptChannel};
pub use listen::{announce, listen, listen_and_take_over};
pub use listenfd_core::Address;
pub use options::{OnReady, Options};
pub use reload::Reload;
pub use shutdown::{Shutdown, Trigger};
