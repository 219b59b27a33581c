//! The side of a supplier: gives the stored descriptors to a server that requests them.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use socket2::SockRef;

use super::deadline::{Deadline, GIVE_TIMEOUT};
use crate::sys;

/// Gives the stored descriptors to a server. Forget them if this returns `Ok`.
///
/// # Errors
///
/// When the server ends early or takes too long. Keep the descriptors then.
pub fn give(stream: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    give_until(stream, fds, Deadline::after(GIVE_TIMEOUT))
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

/// The process that requests them, where the system tells.
#[must_use]
pub fn requester_pid(stream: &UnixStream) -> Option<u32> {
    sys::peer_pid(stream.as_fd())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::deadline::REQUEST_TIMEOUT;
    use super::*;

    #[test]
    fn a_silent_server_times_out() {
        const {
            assert!(
                GIVE_TIMEOUT.as_secs() * 2 < REQUEST_TIMEOUT.as_secs(),
                "the next one would be too late"
            )
        };
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let many = [ours.as_fd(); 1000];
        let given = give_until(&ours, &many, Deadline::after(Duration::from_millis(50)));
        given.unwrap_err();
    }
}
