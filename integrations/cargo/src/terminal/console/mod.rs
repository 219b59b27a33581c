//! What is written to, as a file: stdout and stderr, whether they are a terminal or not.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(super) use platform::{stderr, stdout, takes_escapes};
