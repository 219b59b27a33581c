//! Elsewhere there are no such events.

use std::io;

/// Asks a program to stop.
///
/// # Errors
///
/// Always: this package is for Windows, and only compiles elsewhere.
pub fn request_stop(_pid: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
