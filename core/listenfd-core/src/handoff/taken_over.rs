//! The receiving end of a handoff channel: takes the connections out and acknowledges them.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use socket2::SockRef;

use super::limits::too_many_open_files;
use super::wire_format::{NO_MESSAGES, NUMBER_SIZE, ack, parse_message};
use super::{Acked, Connection, HandoffChannel};
use crate::kind::Kind;
use crate::sys::{self, Received};

/// Connections that were handed over, and how many were lost on the way.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TakenOver {
    /// The connections.
    pub connections: Vec<Connection>,
    /// How many descriptors were just opened for them and for those of other listeners.
    pub channels: usize,
    /// How many had to be closed: this process cannot open as many files, or they are not connections.
    pub lost: usize,
    /// The last reason why some were lost, or why the supplier could not be asked for more.
    pub reason: Option<io::Error>,
}

impl TakenOver {
    /// The connections in a descriptor of the name [`CONNECTIONS`](super::CONNECTIONS). For suppliers.
    #[must_use]
    pub fn from_fd(fd: OwnedFd) -> Self {
        let mut taken = TakenOver { channels: 1, ..TakenOver::default() };
        taken.unpack(fd);
        taken
    }

    /// Takes all connections out of a channel, or one that came by itself.
    pub(super) fn unpack(&mut self, fd: OwnedFd) {
        let is_channel = sys::kind(&fd).is_ok_and(|kind| kind == Kind::UnixStream)
            // An accepted connection has the address of its listener.
            && sys::local_addr(&fd).is_none();
        if !is_channel {
            return self.check(fd, false);
        }
        if sys::KEEPS_WHAT_CAME {
            // The sender gets an error for a message that would arrive between the last read and the
            // ack. It would be lost otherwise.
            let _ = SockRef::from(&fd).shutdown(Shutdown::Read);
        }
        let mut contents = Contents::default();
        if let Err(err) = sys::set_nonblocking(&fd).and_then(|()| contents.receive(fd.as_fd())) {
            self.lose(err);
        }
        if contents.missing > 0 {
            self.lost += contents.missing;
            self.reason = Some(too_many_open_files());
        }
        match contents.acknowledge(fd.as_fd()) {
            Ok(()) => {
                contents.connections.into_iter().for_each(|(fd, fresh)| self.check(fd, fresh))
            }
            // The process before may serve them on.
            Err(err) => {
                self.lost += contents.connections.len();
                self.reason = Some(err);
            }
        }
    }

    fn check(&mut self, fd: OwnedFd, is_fresh: bool) {
        match Connection::check(fd, is_fresh) {
            Ok(connection) => self.connections.extend(connection),
            Err(err) => self.lose(err),
        }
    }

    fn lose(&mut self, reason: io::Error) {
        self.lost += 1;
        self.reason = Some(reason);
    }
}

/// The contents of a channel.
#[derive(Debug, Default)]
struct Contents {
    messages: Acked,
    /// Each with whether it is fresh.
    connections: Vec<(OwnedFd, bool)>,
    /// How many connections this process could not open.
    missing: usize,
}

impl Contents {
    /// Receives the messages that are in the channel now.
    fn receive(&mut self, channel: BorrowedFd<'_>) -> io::Result<()> {
        /// More messages than a channel holds. Another process may write into it without end.
        const MAX_MESSAGES: usize = 1 << 16;
        let mut message = [0; NUMBER_SIZE + HandoffChannel::BATCH];
        for _ in 0..MAX_MESSAGES {
            let (length, fds) = match sys::receive(channel, &mut message) {
                Ok(Received { length: 0, .. }) => break,
                Ok(Received { length, fds, .. }) => (length, fds),
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => break,
                Err(err) => return Err(err),
            };
            let Some((number, is_fresh)) = parse_message(&message[..length]) else {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too short"));
            };
            self.messages.add(number);
            self.missing += is_fresh.len().saturating_sub(fds.len());
            self.connections.extend(fds.into_iter().zip(is_fresh));
        }
        Ok(())
    }

    /// Tells the process before which messages were taken. It may be gone, which is not an error.
    fn acknowledge(&self, channel: BorrowedFd<'_>) -> io::Result<()> {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        let ranges = match self.messages.ranges() {
            [] => &[NO_MESSAGES],
            ranges => ranges,
        };
        for range in ranges {
            match sys::send(channel, &ack(range), &[]) {
                Err(err) if matches!(err.kind(), BrokenPipe | ConnectionReset) => return Ok(()),
                sent => sent?,
            }
        }
        Ok(())
    }
}
