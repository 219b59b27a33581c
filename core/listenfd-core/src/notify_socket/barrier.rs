//! Waits until a service manager has processed all that it was sent (`sd_notify_barrier(3)`).

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// One end of a pair of sockets. [`MESSAGE`](Self::MESSAGE) carries the other end, which the service
/// manager closes when it has processed all messages before that.
#[derive(Debug)]
pub struct Barrier {
    end: UnixStream,
}

impl Barrier {
    /// The message that carries the descriptor.
    pub const MESSAGE: &str = "BARRIER=1";

    /// A barrier, and the descriptor to send. Close your copy of it.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        let (end, sent) = UnixStream::pair()?;
        Ok((Barrier { end }, sent.into()))
    }

    /// Waits, up to a timeout.
    ///
    /// # Errors
    ///
    /// When the service manager takes longer.
    pub fn wait(mut self, timeout: Duration) -> io::Result<()> {
        self.end.set_read_timeout(Some(timeout))?;
        self.end.read(&mut [0]).map(drop)
    }

    /// The end that becomes readable then, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn into_stream(self) -> io::Result<UnixStream> {
        self.end.set_nonblocking(true)?;
        Ok(self.end)
    }
}
