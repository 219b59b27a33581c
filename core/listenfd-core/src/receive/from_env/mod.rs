//! What was handed to this process, owned: `received.rs`. `unix.rs` and `windows.rs` read the environment, `unix.rs`
//! for announced fds, `windows.rs` to ask the supplier (`socket_server.rs`). Where neither finds any,
//! `launchd.rs` asks launchd.

mod launchd;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod platform;
mod received;
#[cfg(any(windows, test))]
mod socket_server;

pub(super) use launchd::{DEFAULT_NAME, Job};
#[cfg(windows)]
pub use platform::completion_port_statuses;
pub(super) use platform::from_env;
#[cfg(windows)]
pub(super) use platform::{SECRET_VARIABLE, SERVER_VARIABLE, handed_listeners};
pub(super) use received::Received;
