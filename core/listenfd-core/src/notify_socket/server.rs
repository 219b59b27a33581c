//! The side of a supplier: receives the messages of the programs that it has started.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::sys::{self, Received};

/// A message to `NOTIFY_SOCKET` (`sd_notify(3)`).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Message {
    /// Its text.
    pub text: String,
    /// The descriptors that came with it, close-on-exec.
    pub fds: Vec<OwnedFd>,
    /// The process that has sent it, where the system tells, and [`enable_sender_pids`] was called.
    pub sender: Option<u32>,
}

/// Makes the system tell the sender of each message that comes to this socket. Only Linux does.
///
/// # Errors
///
/// When the system refuses.
pub fn enable_sender_pids(socket: BorrowedFd<'_>) -> io::Result<()> {
    sys::enable_sender_pids(socket)
}

/// Receives the next message.
///
/// # Errors
///
/// When the system refuses. [`io::ErrorKind::WouldBlock`] when there is no message and the socket does
/// not block.
pub fn receive(socket: BorrowedFd<'_>) -> io::Result<Message> {
    let mut bytes = [0; 4096];
    let Received { length, fds, sender } = sys::receive(socket, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    Ok(Message { text, fds, sender })
}
