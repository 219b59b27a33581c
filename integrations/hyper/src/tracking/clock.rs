//! When the last byte came, and since when the head of a request is awaited.
//!
//! Times are those of tokio's clock, as those of the timers are: in a test it can be paused.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The times of one connection.
#[derive(Debug)]
pub(crate) struct Clock {
    accepted: Instant,
    /// Bytes were read or written since the last [`update`](Clock::update).
    has_new_bytes: AtomicBool,
    /// The last byte in either direction, in nanoseconds since the accept.
    last_byte: AtomicU64,
    /// Since when the head of a request is awaited, in nanoseconds since the accept: 0 for the first
    /// request, the first byte of the head for a later one. [`NO_HEAD`] while none is awaited, [`NOW`]
    /// until the next update.
    head_since: AtomicU64,
}

const NO_HEAD: u64 = u64::MAX;
const NOW: u64 = u64::MAX - 1;

impl Clock {
    /// Starts at the accept. A connection that `owes_request` is to send its first head in time.
    pub(super) fn start(owes_request: bool) -> Self {
        Clock {
            accepted: Instant::now(),
            has_new_bytes: AtomicBool::new(false),
            last_byte: AtomicU64::new(0),
            head_since: AtomicU64::new(if owes_request { 0 } else { NO_HEAD }),
        }
    }

    #[inline]
    pub(super) fn note_bytes(&self) {
        self.has_new_bytes.store(true, Ordering::Relaxed);
    }

    /// The first byte of a head may just have come.
    #[inline]
    pub(super) fn begin_head(&self) {
        if self.head_since.load(Ordering::Relaxed) == NO_HEAD {
            self.head_since.store(NOW, Ordering::Relaxed);
        }
    }

    pub(super) fn end_head(&self) {
        self.head_since.store(NO_HEAD, Ordering::Relaxed);
    }

    /// Notes the current time for all that has happened since the last call. So a request costs one look at
    /// the clock, and not two for each byte.
    pub(crate) fn update(&self) {
        if !self.has_new_bytes.load(Ordering::Relaxed) {
            return;
        }
        self.has_new_bytes.store(false, Ordering::Relaxed);
        // Five hundred years fit. Never 0, which stands for the accept.
        let since = self.accepted.elapsed();
        let now = (since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())).max(1);
        self.last_byte.store(now, Ordering::Relaxed);
        if self.head_since.load(Ordering::Relaxed) == NOW {
            self.head_since.store(now, Ordering::Relaxed);
        }
    }

    /// Whether no request has come yet.
    pub(crate) fn awaits_first_request(&self) -> bool {
        self.head_since.load(Ordering::Relaxed) == 0
    }

    /// When nothing will have happened for `grace`.
    pub(crate) fn quiet_at(&self, grace: Duration) -> Instant {
        later(self.at(self.last_byte.load(Ordering::Relaxed)), grace)
    }

    /// When the awaited head will be overdue; `None` while none is awaited.
    pub(crate) fn head_due(&self, timeout: Duration) -> Option<Instant> {
        let since = self.head_since.load(Ordering::Relaxed);
        (since != NO_HEAD).then(|| later(self.at(since), timeout))
    }

    fn at(&self, nanos: u64) -> Instant {
        self.accepted + Duration::from_nanos(nanos)
    }

    #[cfg(test)]
    pub(super) fn accepted(&self) -> Instant {
        self.accepted
    }
}

/// `instant + duration`; a duration that is too long to be added means for ever.
pub(crate) fn later(instant: Instant, duration: Duration) -> Instant {
    const FOR_EVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    instant.checked_add(duration.min(FOR_EVER)).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_without_bounds_mean_for_ever() {
        const FAR: Duration = Duration::from_secs(1000);
        let clock = Clock::start(true);
        assert!(clock.quiet_at(Duration::MAX) > clock.accepted + FAR);
        assert!(clock.head_due(Duration::MAX) > Some(clock.accepted + FAR));
    }
}
