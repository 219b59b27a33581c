//! The socket between a devserver and commands: a Unix socket, or a port of this machine with tokens in
//! a file. The devserver has a `Bound` one, and a client that has arrived is let in or not.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::Bound;
pub(super) use platform::{Arrival, Stream, connect};

/// How many clients are served at a time.
pub(super) const MOST_CLIENTS: u32 = 64;
/// How many devservers of one program share a target folder.
const MOST_SOCKETS: u32 = 64;
