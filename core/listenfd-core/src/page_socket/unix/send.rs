//! The side of a program. Nothing here waits for `cargo devserver`.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::super::{GIVE, NOTE, RELAY, cut};
use crate::sys;

/// How many bytes that were already read can go with a connection.
pub const MAX_READ: usize = 32 << 10;

/// Gives a connection away, and `read`, the bytes already read from it. Drop it afterwards: the receiver
/// has a copy.
///
/// # Errors
///
/// The connection is still yours then. [`io::ErrorKind::WouldBlock`] when `cargo devserver` is busy.
/// [`io::ErrorKind::InvalidInput`] when `read` is longer than [`MAX_READ`]. When no process listens at the
/// socket. [`io::ErrorKind::Unsupported`] where the system may close a connection on its way (macOS): relay the
/// request then.
pub fn give(socket: &Path, connection: BorrowedFd<'_>, read: &[u8]) -> io::Result<()> {
    if read.len() > MAX_READ {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too much was read already"));
    }
    if !sys::KEEPS_SENT_FDS {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let stream = connect(socket)?;
    reserve(&stream, read.len())?;
    let message = [&[GIVE], read].concat();
    sys::send(stream.as_fd(), &message, &[connection])
}

/// Opens a relay for a client, with its user id if it is a Unix client: write the request's head, and read
/// the answer. The stream is non-blocking.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] when `cargo devserver` is busy. When no process listens at the socket.
pub fn open_relay(socket: &Path, uid: Option<u32>) -> io::Result<UnixStream> {
    let mut stream = UnixStream::from(OwnedFd::from(connect(socket)?));
    let uid = uid.map_or("-".into(), |uid| uid.to_string());
    let line = [&[RELAY], uid.as_bytes(), b"\n"].concat();
    // A new socket has room for it.
    stream.write_all(&line)?;
    Ok(stream)
}

/// Sends a note for the terminal, cut to [`MAX_NOTE`](super::super::MAX_NOTE) bytes.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] when `cargo devserver` is busy. When no process listens at the socket.
pub fn note(socket: &Path, text: &str) -> io::Result<()> {
    let mut stream = UnixStream::from(OwnedFd::from(connect(socket)?));
    stream.write_all(&[&[NOTE], cut(text).as_bytes()].concat())
}

fn connect(path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // It covers connect(2), which waits where the receiver's queue is full (`unix(7)`).
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(socket)
}

/// Makes room for a message, so that it is sent whole or not at all: half of one cannot be taken back.
fn reserve(stream: &Socket, length: usize) -> io::Result<()> {
    /// The kernel counts its own data as well (`socket(7)`).
    const OVERHEAD: usize = 4;
    let wanted = OVERHEAD * (length + 1);
    if stream.send_buffer_size()? < wanted {
        stream.set_send_buffer_size(wanted)?;
    }
    match stream.send_buffer_size()? >= wanted {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "no room for what was read")),
    }
}
