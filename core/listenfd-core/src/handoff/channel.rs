//! The sending end of a handoff channel.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use socket2::SockRef;

use super::Acked;
use super::limits::too_many_in_flight;
use super::wire_format::{AckBytes, message, parse_ack};
use crate::sys;

/// Sends connections to the next process. [`HandoffChannel::new`] also returns the receiving end, for a
/// keeper. When the sending end is dropped, the connections in the channel stay there.
#[derive(Debug)]
pub struct HandoffChannel {
    end: UnixStream,
    progress: Mutex<Progress>,
}

/// How much was sent and acknowledged.
#[derive(Debug, Default)]
struct Progress {
    /// How many messages were sent. They are numbered from 0.
    sent: u32,
    acked: Acked,
    /// Whether an ack has come. It may be one for no messages.
    has_ack: bool,
}

impl AsFd for HandoffChannel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

impl HandoffChannel {
    /// How many connections one message can carry.
    pub const BATCH: usize = sys::MAX_FDS;

    /// An empty channel, and its receiving end.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        /// Room for some hundred messages. The system caps it (`net.core.wmem_max`).
        const SEND_BUFFER: usize = 4 << 20;
        let (end, kept) = UnixStream::pair()?;
        end.set_nonblocking(true)?;
        let _ = SockRef::from(&end).set_send_buffer_size(SEND_BUFFER);
        Ok((HandoffChannel { end, progress: Mutex::default() }, kept.into()))
    }

    /// Whether an ack has arrived that [`acked`](Self::acked) has not read, or the receiving end is
    /// closed.
    #[must_use]
    pub fn has_update(&self) -> bool {
        let found = SockRef::from(&self.end).peek(&mut [MaybeUninit::uninit()]);
        !found.is_err_and(|err| err.kind() == io::ErrorKind::WouldBlock)
    }

    /// The messages that the next process has taken, once that is final: all were taken, or the
    /// receiving end is closed everywhere. No process gets any other message after that. `None` while a
    /// process may still take some, or has taken some and not acknowledged them yet.
    #[must_use]
    pub fn acked(&self) -> Option<Acked> {
        let mut progress = self.progress();
        loop {
            let mut ack = AckBytes::default();
            match (&self.end).read(&mut ack) {
                // Each is written at once.
                Ok(length) if length == ack.len() => {
                    progress.has_ack = true;
                    progress.acked.add_range(parse_ack(ack));
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    return progress.is_complete().then(|| progress.acked.clone());
                }
                _ => return Some(progress.acked.clone()),
            }
        }
    }

    /// Whether some messages were acknowledged and others were not. A process has taken the others and
    /// died before it could acknowledge them, or is about to do so.
    #[must_use]
    pub fn is_partly_acked(&self) -> bool {
        let progress = self.progress();
        progress.has_ack && !progress.is_complete()
    }

    /// Sends connections as one message, at most [`BATCH`](Self::BATCH) of them: all or none. The
    /// receiver gets copies, so close yours. Each comes with whether it is fresh
    /// ([`Connection::is_fresh`](super::Connection::is_fresh)).
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when the channel is full. [`io::ErrorKind::BrokenPipe`] when the
    /// receiving end is closed. When the system allows no more descriptors in flight (`unix(7)`,
    /// `ETOOMANYREFS`).
    pub fn send(&self, connections: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
        let mut progress = self.progress();
        let fds: Vec<_> = connections.iter().map(|(fd, _)| *fd).collect();
        let message = message(progress.sent, connections.iter().map(|(_, is_fresh)| *is_fresh));
        sys::send(self.end.as_fd(), &message, &fds).map_err(|err| match err.raw_os_error() {
            Some(libc::ETOOMANYREFS) => too_many_in_flight(),
            _ => err,
        })?;
        progress.sent += 1;
        Ok(())
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Each change is complete, so a panic elsewhere cannot leave it half done.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn is_complete(&self) -> bool {
        self.has_ack && self.acked.has_first(self.sent)
    }
}
