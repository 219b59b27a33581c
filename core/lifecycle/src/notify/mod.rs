//! Messages to the service manager (`sd_notify(3)`). None are sent where `NOTIFY_SOCKET` is not set.
//!
//! A server never waits for the service manager: a message for which there is no room waits in a queue, and
//! later ones wait behind it.
//!
//! Windows has no such service manager. There, [`ready`] tells the supplier (`systemfd`, `cargo devserver`) by
//! a named event, and the other functions do nothing.

#[cfg(unix)]
mod queue;
#[cfg(unix)]
#[path = "service_manager.rs"]
mod receiver;
#[cfg(windows)]
#[path = "supplier.rs"]
mod receiver;

pub(crate) use receiver::closed;
#[cfg(unix)]
pub(crate) use receiver::{barrier, forget, keep};
pub use receiver::{flush, ready, stopping, watchdog};
#[cfg(feature = "tls-no-provider")]
pub(crate) use receiver::{reloaded, reloading};
