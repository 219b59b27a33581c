//! How the suppliers of this project give back the connections that they keep.
//!
//! A service manager hands over what it keeps when it starts a program. `systemfd --keep` cannot:
//! what it has started may be a file watcher, whose child is the server. So it names a Unix socket
//! in [`VARIABLE`], and whoever is ready to serve connections asks there. A program that knows
//! nothing of this does not ask, and is given nothing that it would have to close.
//!
//! A server connects, and gets one message for each descriptor, then the end of the stream. It answers
//! with one byte when it has all, and only then does the supplier forget them. Each side has one deadline
//! over all of this, so that neither a supplier nor a server that is suspended holds the other up.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::channel::too_many_open_files;
use super::version::HANDOFF_VERSION;
use crate::env::env_var;
use crate::sys::{self, Received};

/// The variable that tells where the socket is: the form of the protocol, a colon, the path. See
/// [`variable_value`].
pub const VARIABLE: &str = "LISTENFD_STORE";

/// How long a server waits for a supplier, from the first call to the last.
const ASKING: Duration = Duration::from_secs(10);
/// How long a supplier waits for a server: less, so that the next one in its queue is not too late.
const GIVING: Duration = Duration::from_secs(4);

/// The supplier of this process, as far as it keeps connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supplier {
    /// None of this project, or one that keeps nothing.
    None,
    /// It can be asked at this path.
    HasStore(PathBuf),
    /// It is of another version, and neither side understands the other.
    OtherVersion,
}

/// The supplier of this process.
#[must_use]
pub fn supplier() -> Supplier {
    env_var(VARIABLE).map_or(Supplier::None, |value| parse(&value))
}

fn parse(value: &OsStr) -> Supplier {
    match value.as_bytes().strip_prefix(format!("{HANDOFF_VERSION}:").as_bytes()) {
        Some(path) => Supplier::HasStore(OsStr::from_bytes(path).into()),
        None => Supplier::OtherVersion,
    }
}

/// What [`VARIABLE`] is to be for a supplier that listens at `path`.
#[must_use]
pub fn variable_value(path: &Path) -> OsString {
    let mut value = OsString::from(format!("{HANDOFF_VERSION}:"));
    value.push(path);
    value
}

/// A moment after which nothing is waited for.
#[derive(Clone, Copy, Debug)]
struct Deadline(Instant);

impl Deadline {
    fn after(duration: Duration) -> Self {
        Deadline(Instant::now() + duration)
    }

    fn left(self) -> io::Result<Option<Duration>> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

/// Asks for what is kept.
pub(crate) fn request(path: &Path) -> io::Result<Vec<OwnedFd>> {
    /// A supplier that was busy, or out of descriptors, may not be a moment later.
    const PAUSE: Duration = Duration::from_millis(100);
    let deadline = Deadline::after(ASKING);
    let asked = ask_until(path, deadline).or_else(|_| {
        std::thread::sleep(PAUSE);
        ask_until(path, deadline)
    });
    asked.map_err(|err| match err.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::new(
            io::ErrorKind::TimedOut,
            format!("it has not answered within {} s", ASKING.as_secs()),
        ),
        _ => err,
    })
}

fn ask_until(path: &Path, deadline: Deadline) -> io::Result<Vec<OwnedFd>> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // It covers connect(2), which waits where the supplier's queue is full (`unix(7)`).
    socket.set_write_timeout(deadline.left()?)?;
    socket.connect(&SockAddr::unix(path)?)?;
    let mut stream = UnixStream::from(OwnedFd::from(socket));
    let mut fds = Vec::new();
    loop {
        stream.set_read_timeout(deadline.left()?)?;
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

/// Gives all that is kept to a server that asks; tells whether it has been taken, and may be
/// forgotten.
///
/// # Errors
///
/// When the other side ends early or takes too long; keep them then.
pub fn give(stream: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    give_until(stream, fds, Deadline::after(GIVING))
}

fn give_until(stream: &UnixStream, fds: &[BorrowedFd<'_>], deadline: Deadline) -> io::Result<()> {
    for fd in fds {
        stream.set_write_timeout(deadline.left()?)?;
        sys::send(stream.as_fd(), &[1], &[*fd])?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    stream.set_read_timeout(deadline.left()?)?;
    match SockRef::from(stream).peek(&mut [MaybeUninit::uninit()])? {
        0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        _ => Ok(()),
    }
}

/// The process that asks, where the system tells.
#[must_use]
pub fn requester_pid(stream: &UnixStream) -> Option<u32> {
    sys::peer_pid(stream.as_fd())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_supplier_of_another_form_is_not_asked() {
        let path = Path::new("/run/a:b/store");
        assert_eq!(parse(&variable_value(path)), Supplier::HasStore(path.into()));
        for other in ["/run/store", "1:/run/store", "3:/run/store", "22:/run/store", ""] {
            assert_eq!(parse(other.as_ref()), Supplier::OtherVersion, "{other}");
        }
        let form = HANDOFF_VERSION.to_string();
        assert!(super::super::version::CONNECTIONS.ends_with(&form));
    }

    /// A supplier that is suspended accepts nothing, and its queue is full at some time.
    #[test]
    fn a_supplier_that_does_not_accept_is_not_waited_for_for_ever() {
        let path = std::env::temp_dir().join(format!("listenfd-store-{}", std::process::id()));
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        let _waits = UnixStream::connect(&path).unwrap();
        let began = Instant::now();
        let asked = ask_until(&path, Deadline::after(Duration::from_millis(50)));
        std::fs::remove_file(&path).unwrap();
        assert!(asked.is_err() && began.elapsed() < Duration::from_secs(5), "{asked:?}");
    }

    /// It sends a message now and then, each within the time that one may take.
    #[test]
    fn a_supplier_that_dribbles_is_waited_for_once() {
        let path = std::env::temp_dir().join(format!("listenfd-dribble-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let supplier = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            while sys::send(stream.as_fd(), &[1], &[stream.as_fd()]).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let asked = ask_until(&path, Deadline::after(Duration::from_millis(200)));
        std::fs::remove_file(&path).unwrap();
        let kind = asked.unwrap_err().kind();
        assert!(matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{kind}");
        supplier.join().unwrap();
    }

    #[test]
    fn a_server_that_is_silent_is_waited_for_once() {
        const { assert!(GIVING.as_secs() * 2 < ASKING.as_secs(), "the next one would be too late") };
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let many = [ours.as_fd(); 1000];
        let given = give_until(&ours, &many, Deadline::after(Duration::from_millis(50)));
        given.unwrap_err();
    }
}
