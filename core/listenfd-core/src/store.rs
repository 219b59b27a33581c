//! How the suppliers of this project give back the connections that they keep.
//!
//! A service manager hands over what it keeps when it starts a program. `systemfd --keep` cannot:
//! what it has started may be a file watcher, whose child is the server. So it names a Unix socket
//! in [`VARIABLE`], and whoever is ready to serve connections asks there. A program that knows
//! nothing of this does not ask, and is given nothing that it would have to close.
//!
//! The one who asks connects, and gets one message for each descriptor, then the end of the stream.
//! It answers with one byte when it has all, and only then does the supplier forget them.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::parcel::too_many_open_files;
use crate::sys::{self, Received};
use crate::{Address, process_variable};

/// The variable that holds the path of the socket.
pub const VARIABLE: &str = "LISTENFD_STORE";

/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a service manager may take to make room for a message.
const ROOM: Duration = Duration::from_secs(2);

/// Asks for what is kept.
pub(crate) fn ask(path: &Path) -> io::Result<Vec<OwnedFd>> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut fds = Vec::new();
    loop {
        match sys::receive(stream.as_fd(), &mut [0])? {
            Received { length: 0, .. } => break,
            // Without a word, the supplier keeps what did not arrive.
            received if received.fds.is_empty() => return Err(too_many_open_files()),
            received => fds.extend(received.fds),
        }
    }
    stream.write_all(&[1])?;
    Ok(fds)
}

/// Gives all that is kept to one who asks; tells whether it has been taken, and may be forgotten.
///
/// # Errors
///
/// When the other side ends early or takes too long; keep them then.
pub fn give(stream: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    for fd in fds {
        sys::send(stream.as_fd(), &[1], &[*fd])?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    match SockRef::from(stream).peek(&mut [MaybeUninit::uninit()])? {
        0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        _ => Ok(()),
    }
}

/// The process that asks, where the system tells.
#[must_use]
pub fn asking(stream: &UnixStream) -> Option<u32> {
    sys::peer_pid(stream.as_fd())
}

/// Where the service manager of this process listens (`NOTIFY_SOCKET`, `sd_notify(3)`), if it does.
#[must_use]
pub fn service_manager() -> Option<Address> {
    process_variable("NOTIFY_SOCKET")?.into_string().ok()?.parse().ok()
}

/// A message to `NOTIFY_SOCKET` (`sd_notify(3)`).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Message {
    /// What it says.
    pub text: String,
    /// What it carries, close-on-exec.
    pub fds: Vec<OwnedFd>,
    /// The process that has sent it, where the system tells, and was asked by [`tell_senders`].
    pub sender: Option<u32>,
}

/// Asks the system to tell who has sent the messages that come to a socket. Only Linux does.
///
/// # Errors
///
/// When it refuses.
pub fn tell_senders(socket: BorrowedFd<'_>) -> io::Result<()> {
    sys::tell_senders(socket)
}

/// Receives the next message.
///
/// # Errors
///
/// When the system refuses; where the socket does not block, [`io::ErrorKind::WouldBlock`] when there
/// is none.
pub fn receive(socket: BorrowedFd<'_>) -> io::Result<Message> {
    let mut bytes = [0; 4096];
    let Received { length, fds, sender } = sys::receive(socket, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    Ok(Message { text, fds, sender })
}

/// Sends a datagram with descriptors to a socket such as that of `NOTIFY_SOCKET` (`sd_notify(3)`).
/// It waits for room, but not for long.
///
/// # Errors
///
/// When the address is none of a Unix socket; when the system refuses.
pub fn send_to(address: &Address, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let to = match address {
        Address::Unix(path) => SockAddr::unix(path)?,
        Address::Abstract(name) => sys::abstract_addr(name)?,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no Unix socket")),
    };
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.connect(&to)?;
    socket.set_write_timeout(Some(ROOM))?;
    sys::send(socket.as_fd(), bytes, fds)
}
