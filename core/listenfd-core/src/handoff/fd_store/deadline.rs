//! One deadline over all steps of an exchange.

use std::io;
use std::time::{Duration, Instant};

/// The timeout of a server, from its first call to the last.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout of a supplier. It is shorter, so that the next server in the queue is not too late.
pub(super) const GIVE_TIMEOUT: Duration = Duration::from_secs(4);

/// The moment at which an exchange fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(duration: Duration) -> Self {
        Deadline(Instant::now() + duration)
    }

    /// The timeout for the next step.
    pub(super) fn left(self) -> io::Result<Option<Duration>> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}
