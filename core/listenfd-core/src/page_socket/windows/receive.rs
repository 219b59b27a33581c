//! The side of `cargo devserver`: how a message begins.

use std::io;

use super::super::{NOTE, RELAY};

/// How a message begins. What the stream carries next depends on it.
#[derive(Debug)]
pub enum First {
    /// A hyphen, a line feed and a request's head follow. The answer goes back.
    Relay,
    /// Text follows, to the end of the stream.
    Note,
}

/// Which message begins with this byte.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] when none does.
pub fn first(kind: u8) -> io::Result<First> {
    match kind {
        RELAY => Ok(First::Relay),
        NOTE => Ok(First::Note),
        other => {
            let reason = format!("no message begins with the byte {other}");
            Err(io::Error::new(io::ErrorKind::InvalidData, reason))
        }
    }
}
