//! The side of `cargo devserver`: how a message begins.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::super::{GIVE, NOTE, RELAY};
use crate::sys;

/// How a message begins. What the stream carries next depends on it.
#[derive(Debug)]
pub enum First {
    /// A connection. The bytes already read from it follow, to the end of the stream.
    Give(OwnedFd),
    /// The client's user id, a line feed and a request's head follow. The answer goes back.
    Relay,
    /// Text follows, to the end of the stream.
    Note,
}

/// Receives the first byte of a message, and the connection that comes with it. Later bytes stay in the
/// stream.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] while nothing has come and the stream does not block.
/// [`io::ErrorKind::UnexpectedEof`] at the end of the stream. [`io::ErrorKind::InvalidData`] when it is no
/// message, or when the connection is missing, as where the limit of open files is reached.
pub fn receive_first(stream: BorrowedFd<'_>) -> io::Result<First> {
    let mut kind = [0];
    let received = sys::receive(stream, &mut kind)?;
    if received.length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    match (kind[0], <[OwnedFd; 1]>::try_from(received.fds)) {
        (GIVE, Ok([connection])) => Ok(First::Give(connection)),
        (GIVE, Err(fds)) => Err(invalid(format!("{} connections where 1 is expected", fds.len()))),
        (RELAY, _) => Ok(First::Relay),
        (NOTE, _) => Ok(First::Note),
        (other, _) => Err(invalid(format!("no message begins with the byte {other}"))),
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
