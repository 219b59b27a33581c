//! What is going on on one connection, as its transport, its service and its responses see it.
//!
//! All of them run in the connection's task for HTTP/1; HTTP/2 runs responses in tasks of their
//! own, so what they share is atomic. Times are those of tokio's clock, as the timers are that they are
//! compared with: in a test it can be paused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use listenfd_lifecycle::internal::ConnectionGuard;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// The state of one connection.
///
/// It lives as long as the connection, also when that is upgraded and leaves the connection's
/// task, so it holds what counts the connection.
#[derive(Debug)]
pub(crate) struct Activity {
    guard: ConnectionGuard,
    _permit: Option<OwnedSemaphorePermit>,
    accepted: Instant,
    /// Bytes were read or written since [`tell_time`](Activity::tell_time) was last called.
    is_touched: AtomicBool,
    /// The last byte in either direction, in nanoseconds since the accept.
    last_byte: AtomicU64,
    /// Since when a request's head is awaited, in the same measure: since the accept, later since
    /// its first byte; [`NO_HEAD`] while none is, [`THIS_MOMENT`] until the time is told.
    head_since: AtomicU64,
    /// Some bytes of a request were read that no service has seen yet.
    has_partial_request: AtomicBool,
    /// The last request had a body, of which hyper may read a rest after the response.
    may_read_body: AtomicBool,
    /// Requests whose response has not been passed on in full.
    in_flight: AtomicUsize,
    /// The client does not take what was written.
    is_write_blocked: AtomicBool,
    speaks_http2: AtomicBool,
    /// A stream of HTTP/2 was made a tunnel (RFC 8441), which nothing here sees the end of.
    has_tunnel: AtomicBool,
    /// Something was read since the connection was told to end.
    is_answered: AtomicBool,
    /// The next process could serve it on: its bytes are those of HTTP/1.
    is_movable: AtomicBool,
    /// HTTP, when it was last polled, found nothing to read, having read all there was.
    waits_for_bytes: AtomicBool,
    /// The transport was to be read when it was last polled, and was not, for it is to move.
    is_left_unread: AtomicBool,
    /// It is being taken apart, which is to touch the stream neither by ending nor by reading it.
    is_kept_open: AtomicBool,
    /// It was to be read while it was taken apart.
    is_wanted_apart: AtomicBool,
    look: Look,
}

const NO_HEAD: u64 = u64::MAX;
const THIS_MOMENT: u64 = u64::MAX - 1;

/// The last look at a connection's receive buffer before it closes.
#[derive(Debug, Default)]
pub(crate) struct Look {
    wanted: AtomicBool,
    found_nothing: AtomicBool,
}

impl Look {
    /// Whether the transport is to look, once, when it has nothing to read.
    pub(crate) fn take_wanted(&self) -> bool {
        // Read first: this is asked at every read, and almost always false.
        self.wanted.load(Ordering::Relaxed) && self.wanted.swap(false, Ordering::Relaxed)
    }

    /// The transport has looked, and the kernel holds nothing.
    pub(crate) fn found_nothing(&self) {
        self.found_nothing.store(true, Ordering::Relaxed);
    }
}

impl Activity {
    /// A connection that was accepted just now, or taken over. A `fresh` one owes its first request
    /// soon; another one can be idle for as long as it likes.
    pub(crate) fn new(
        guard: ConnectionGuard,
        permit: Option<OwnedSemaphorePermit>,
        is_fresh: bool,
    ) -> Arc<Self> {
        Arc::new(Activity {
            guard,
            _permit: permit,
            accepted: Instant::now(),
            is_touched: AtomicBool::new(false),
            last_byte: AtomicU64::new(0),
            head_since: AtomicU64::new(if is_fresh { 0 } else { NO_HEAD }),
            has_partial_request: AtomicBool::new(false),
            may_read_body: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            is_write_blocked: AtomicBool::new(false),
            speaks_http2: AtomicBool::new(false),
            has_tunnel: AtomicBool::new(false),
            is_answered: AtomicBool::new(false),
            is_movable: AtomicBool::new(false),
            waits_for_bytes: AtomicBool::new(false),
            is_left_unread: AtomicBool::new(false),
            is_kept_open: AtomicBool::new(false),
            is_wanted_apart: AtomicBool::new(false),
            look: Look::default(),
        })
    }

    /// The life of the server.
    pub(crate) fn guard(&self) -> &ConnectionGuard {
        &self.guard
    }

    /// Bytes were read.
    #[inline]
    pub(crate) fn has_read(&self) {
        self.is_touched.store(true, Ordering::Relaxed);
        self.is_answered.store(true, Ordering::Relaxed);
        if self.in_flight.load(Ordering::Acquire) == 0 && self.reads_are_heads() {
            self.has_partial_request.store(true, Ordering::Relaxed);
            if self.head_since.load(Ordering::Relaxed) == NO_HEAD {
                self.head_since.store(THIS_MOMENT, Ordering::Relaxed);
            }
        }
    }

    /// Whether what is read while no request is in flight begins the next one.
    ///
    /// Not with HTTP/2, whose frames are not all requests, and which is let go otherwise. And not
    /// for certain after a request with a body: a handler may answer without waiting for all of it.
    /// The bytes do not tell, so such a head is counted when it is complete.
    fn reads_are_heads(&self) -> bool {
        !self.speaks_http2() && !self.may_read_body.load(Ordering::Relaxed)
    }

    /// Bytes were written.
    pub(crate) fn has_written(&self) {
        self.is_touched.store(true, Ordering::Relaxed);
        self.set_write_blocked(false);
    }

    /// Notes the time of what was read and written since the last call. For the connection's task,
    /// whenever HTTP has nothing to do: once a request, where each byte would be twice.
    pub(crate) fn tell_time(&self) {
        if !self.is_touched.load(Ordering::Relaxed) {
            return;
        }
        self.is_touched.store(false, Ordering::Relaxed);
        // Five hundred years fit. Never 0, which stands for the accept.
        let since = self.accepted.elapsed();
        let now = (since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())).max(1);
        self.last_byte.store(now, Ordering::Relaxed);
        if self.head_since.load(Ordering::Relaxed) == THIS_MOMENT {
            self.head_since.store(now, Ordering::Relaxed);
        }
    }

    pub(crate) fn set_write_blocked(&self, blocked: bool) {
        self.is_write_blocked.store(blocked, Ordering::Relaxed);
    }

    /// A request's head is complete; it is in flight until the guard is dropped.
    pub(crate) fn begin_request(self: &Arc<Self>, http2: bool, has_body: bool) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.head_since.store(NO_HEAD, Ordering::Relaxed);
        self.has_partial_request.store(false, Ordering::Relaxed);
        self.may_read_body.store(has_body, Ordering::Relaxed);
        if http2 {
            self.speaks_http2.store(true, Ordering::Relaxed);
        }
        InFlight(Arc::clone(self))
    }

    /// TLS is agreed on. Until here, all that was read was taken for part of a request; `partial`
    /// where some of it is.
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn has_shaken_hands(&self, http2: bool, partial: bool) {
        self.has_partial_request.store(partial && !http2, Ordering::Relaxed);
        if http2 {
            self.set_http2();
        }
    }

    /// The client's first bytes are those of HTTP/2 (RFC 9113, section 3.4).
    pub(crate) fn set_http2(&self) {
        self.speaks_http2.store(true, Ordering::Relaxed);
    }

    pub(crate) fn speaks_http2(&self) -> bool {
        self.speaks_http2.load(Ordering::Relaxed)
    }

    /// The connection is told to end, which its client is to answer.
    pub(crate) fn ask_for_end(&self) {
        self.is_answered.store(false, Ordering::Relaxed);
    }

    /// Whether the client, told to end the connection, gives no sign and has nothing to wait for.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_waiting()
            && !self.is_answered.load(Ordering::Relaxed)
            && !self.has_tunnel.load(Ordering::Relaxed)
    }

    /// Whether no request has come yet.
    pub(crate) fn awaits_first_request(&self) -> bool {
        self.head_since.load(Ordering::Relaxed) == 0
    }

    /// Whether the connection waits for a request: none is in flight or partly read, and all of
    /// the last response is written.
    pub(crate) fn is_waiting(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0
            && !self.has_partial_request.load(Ordering::Relaxed)
            && !self.is_write_blocked.load(Ordering::Relaxed)
    }

    /// Whether it could go to the next process.
    pub(crate) fn set_movable(&self, movable: bool) {
        self.is_movable.store(movable, Ordering::Relaxed);
    }

    /// Whether it goes to the next process, as soon as it waits for a request.
    pub(crate) fn is_to_move(&self) -> bool {
        self.guard.hands_over() && self.is_movable.load(Ordering::Relaxed) && !self.speaks_http2()
    }

    /// Whether what the client sends next begins a request, and is to be left unread, for the next
    /// process: to answer it here would hold the restart for as long as that takes.
    #[inline]
    pub(crate) fn leaves_next_request(&self) -> bool {
        self.is_to_move()
            && self.guard.is_draining()
            && self.in_flight.load(Ordering::Acquire) == 0
            && !self.has_partial_request.load(Ordering::Relaxed)
            && self.reads_are_heads()
    }

    /// The transport was asked for the next request, and has left that unread.
    pub(crate) fn has_left_next_request(&self) {
        self.waits_for_bytes.store(true, Ordering::Relaxed);
        self.is_left_unread.store(true, Ordering::Relaxed);
    }

    /// Whether it has left the next request unread, and yet is not to move any more.
    pub(crate) fn has_to_read_after_all(&self) -> bool {
        self.is_left_unread.load(Ordering::Relaxed) && !self.is_to_move()
    }

    /// HTTP is about to be polled.
    pub(crate) fn begin_poll(&self) {
        self.waits_for_bytes.store(false, Ordering::Relaxed);
        self.is_left_unread.store(false, Ordering::Relaxed);
    }

    /// The transport was asked for bytes, and has none, or has some.
    pub(crate) fn set_waits_for_bytes(&self, waits: bool) {
        self.waits_for_bytes.store(waits, Ordering::Relaxed);
    }

    /// Whether HTTP has nothing to do but to wait for bytes. That alone does not mean that it is
    /// between two requests: it may be within a body.
    pub(crate) fn waits_for_bytes(&self) -> bool {
        self.waits_for_bytes.load(Ordering::Relaxed)
    }

    /// While HTTP is taken apart, the stream is neither read nor ended.
    pub(crate) fn begin_apart(&self) {
        self.is_wanted_apart.store(false, Ordering::Relaxed);
        self.is_kept_open.store(true, Ordering::Relaxed);
    }

    /// Whether HTTP has come apart without a wish to read, as it does between two requests only.
    pub(crate) fn end_apart(&self) -> bool {
        self.is_kept_open.store(false, Ordering::Relaxed);
        !self.is_wanted_apart.load(Ordering::Relaxed)
    }

    pub(crate) fn is_kept_open(&self) -> bool {
        self.is_kept_open.load(Ordering::Relaxed)
    }

    /// The stream was to be read while HTTP is taken apart.
    pub(crate) fn is_wanted_apart(&self) {
        self.is_wanted_apart.store(true, Ordering::Relaxed);
    }

    /// Some of the next request is known to have been read.
    pub(crate) fn has_partial_request(&self) {
        self.may_read_body.store(false, Ordering::Relaxed);
        self.has_read();
    }

    /// When nothing will have happened on the connection for `grace`.
    pub(crate) fn quiet_at(&self, grace: Duration) -> Instant {
        later(self.at(self.last_byte.load(Ordering::Relaxed)), grace)
    }

    /// When the head that is awaited will be overdue; `None` while none is.
    pub(crate) fn head_due(&self, timeout: Duration) -> Option<Instant> {
        let since = self.head_since.load(Ordering::Relaxed);
        (since != NO_HEAD).then(|| later(self.at(since), timeout))
    }

    /// Asks the transport to look at the receive buffer at its next read.
    pub(crate) fn want_look(&self) {
        self.look.found_nothing.store(false, Ordering::Relaxed);
        self.look.wanted.store(true, Ordering::Relaxed);
    }

    /// Whether it has looked and found nothing.
    pub(crate) fn nothing_seen(&self) -> bool {
        self.look.wanted.store(false, Ordering::Relaxed);
        self.look.found_nothing.load(Ordering::Relaxed)
    }

    pub(crate) fn look(&self) -> &Look {
        &self.look
    }

    fn at(&self, nanos: u64) -> Instant {
        self.accepted + Duration::from_nanos(nanos)
    }
}

/// `instant + duration`, where a duration that is too long to be added means for ever.
pub(crate) fn later(instant: Instant, duration: Duration) -> Instant {
    const FOR_EVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    instant.checked_add(duration.min(FOR_EVER)).unwrap_or(instant)
}

/// A request whose response has not been passed on in full.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Activity>);

impl InFlight {
    /// The response makes the request's stream a tunnel.
    pub(crate) fn becomes_tunnel(&self) {
        self.0.has_tunnel.store(true, Ordering::Relaxed);
    }

    /// Whether it is to be the connection's last.
    pub(crate) fn is_last(&self) -> bool {
        self.0.guard.is_draining() && !self.0.is_to_move()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_secs(1000);

    #[test]
    fn a_request_is_awaited_then_partly_read_then_in_flight_then_awaited_again() {
        let activity =
            Activity::new(listenfd_lifecycle::internal::Lifecycle::new().guard(), None, true);
        assert!(activity.is_waiting() && activity.awaits_first_request());
        assert_eq!(activity.head_due(FAR), Some(activity.accepted + FAR));

        activity.has_read();
        assert!(!activity.is_waiting());
        activity.tell_time();
        assert_eq!(activity.head_due(FAR), Some(activity.accepted + FAR));

        let request = activity.begin_request(false, false);
        assert!(!activity.is_waiting() && !activity.awaits_first_request());
        activity.has_read(); // its body
        assert_eq!(activity.head_due(FAR), None);

        drop(request);
        assert!(activity.is_waiting());
        assert_eq!(activity.head_due(FAR), None);

        activity.has_read();
        activity.tell_time();
        assert!(!activity.is_waiting());
        assert!(activity.head_due(FAR) > Some(activity.accepted + FAR));
    }

    #[test]
    fn the_rest_of_a_body_is_no_request() {
        let activity =
            Activity::new(listenfd_lifecycle::internal::Lifecycle::new().guard(), None, true);
        drop(activity.begin_request(false, true));
        activity.has_read();
        assert!(activity.is_waiting());
        assert_eq!(activity.head_due(FAR), None);
        drop(activity.begin_request(false, false));
        activity.has_read();
        assert!(!activity.is_waiting());
    }

    #[test]
    fn options_without_bounds_mean_for_ever() {
        let activity =
            Activity::new(listenfd_lifecycle::internal::Lifecycle::new().guard(), None, true);
        assert!(activity.quiet_at(Duration::MAX) > activity.accepted + FAR);
        assert!(activity.head_due(Duration::MAX) > Some(activity.accepted + FAR));
    }

    #[test]
    fn one_that_was_taken_over_may_be_idle() {
        let activity =
            Activity::new(listenfd_lifecycle::internal::Lifecycle::new().guard(), None, false);
        assert!(activity.is_waiting() && !activity.awaits_first_request());
        assert_eq!(activity.head_due(FAR), None);
        activity.has_read();
        activity.tell_time();
        assert!(!activity.is_waiting() && activity.head_due(FAR).is_some());
    }

    #[test]
    fn an_unwritten_response_is_not_the_end_of_a_request() {
        let activity =
            Activity::new(listenfd_lifecycle::internal::Lifecycle::new().guard(), None, true);
        drop(activity.begin_request(false, false));
        activity.set_write_blocked(true);
        assert!(!activity.is_waiting());
        activity.has_written();
        assert!(activity.is_waiting());
    }
}
