//! The connection to `cargo devserver` that carries one request and its answer.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(super) use platform::{Stream, open};
