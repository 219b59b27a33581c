//! The state of one connection, as its socket, its service and its responses see it.
//!
//! With HTTP/1 they all run in the connection's task. HTTP/2 runs responses in tasks of their own, so what
//! they share is atomic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use listenfd_lifecycle::internal::ConnectionGuard;
use tokio::sync::OwnedSemaphorePermit;

use super::clock::Clock;
use super::reading::Reading;

#[cfg(test)]
mod tests;

/// The state of one connection.
///
/// It lives as long as the connection, also when that is upgraded and leaves its task. So it holds the guard
/// that counts the connection.
#[derive(Debug)]
pub(crate) struct Activity {
    guard: ConnectionGuard,
    _permit: Option<OwnedSemaphorePermit>,
    clock: Clock,
    reading: Reading,
    /// Some bytes of a request were read that no service has seen yet.
    has_partial_request: AtomicBool,
    /// The last request had a body, of which hyper may read a rest after the response.
    may_read_body: AtomicBool,
    /// Requests whose response has not been passed on in full.
    in_flight: AtomicUsize,
    /// Those of them whose response is a stream that ends with the drain.
    ending_streams: AtomicUsize,
    /// The last response is such a stream.
    ends_with_stream: AtomicBool,
    /// The client does not take more bytes.
    is_write_blocked: AtomicBool,
    speaks_http2: AtomicBool,
    /// A stream of HTTP/2 became a tunnel (RFC 8441), whose end is not seen here.
    has_tunnel: AtomicBool,
    /// Something was read since the connection was told to end.
    is_answered: AtomicBool,
    /// The next process could serve it on: its bytes are those of HTTP/1.
    is_movable: AtomicBool,
    /// An upgrade was requested. Even if it is refused, hyper does not give such a connection back.
    has_upgrade_request: AtomicBool,
}

impl Activity {
    /// A connection that was accepted just now, or taken over. A fresh one is to send its first request
    /// soon; another one can be idle for as long as it likes.
    pub(crate) fn new(
        guard: ConnectionGuard,
        permit: Option<OwnedSemaphorePermit>,
        is_fresh: bool,
    ) -> Arc<Self> {
        Arc::new(Activity {
            guard,
            _permit: permit,
            clock: Clock::start(is_fresh),
            reading: Reading::default(),
            has_partial_request: AtomicBool::new(false),
            may_read_body: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            ending_streams: AtomicUsize::new(0),
            ends_with_stream: AtomicBool::new(false),
            is_write_blocked: AtomicBool::new(false),
            speaks_http2: AtomicBool::new(false),
            has_tunnel: AtomicBool::new(false),
            is_answered: AtomicBool::new(false),
            is_movable: AtomicBool::new(false),
            has_upgrade_request: AtomicBool::new(false),
        })
    }

    /// The life of the server.
    pub(crate) fn guard(&self) -> &ConnectionGuard {
        &self.guard
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Bytes were read.
    #[inline]
    pub(crate) fn note_bytes_read(&self) {
        self.clock.note_bytes();
        self.is_answered.store(true, Ordering::Relaxed);
        if self.in_flight.load(Ordering::Acquire) == 0 && self.reads_are_heads() {
            self.has_partial_request.store(true, Ordering::Relaxed);
            self.clock.begin_head();
        }
    }

    /// Whether bytes that are read while no request is in flight begin the next one.
    ///
    /// With HTTP/2 they do not, as not all frames are requests. After a request with a body it is not
    /// certain: a handler may answer before it has read all of the body. The bytes do not tell, so the head
    /// that follows is counted when it is complete.
    fn reads_are_heads(&self) -> bool {
        !self.speaks_http2() && !self.may_read_body.load(Ordering::Relaxed)
    }

    /// Bytes were written.
    pub(crate) fn note_written(&self) {
        self.clock.note_bytes();
        self.is_write_blocked.store(false, Ordering::Relaxed);
    }

    /// The client does not take more bytes.
    pub(crate) fn note_write_blocked(&self) {
        self.is_write_blocked.store(true, Ordering::Relaxed);
    }

    /// A request's head is complete; the request is in flight until the result is dropped.
    pub(crate) fn begin_request(self: &Arc<Self>, http2: bool, has_body: bool) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.clock.end_head();
        self.has_partial_request.store(false, Ordering::Relaxed);
        self.may_read_body.store(has_body, Ordering::Relaxed);
        if http2 {
            self.mark_http2();
        }
        InFlight { activity: Arc::clone(self), is_ending_stream: false }
    }

    /// The TLS handshake is done. Until here, all bytes counted as part of a request; `partial` tells
    /// whether some of them are.
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn note_handshake(&self, http2: bool, partial: bool) {
        self.has_partial_request.store(partial && !http2, Ordering::Relaxed);
        if http2 {
            self.mark_http2();
        }
    }

    /// The client speaks HTTP/2: its first bytes say so (RFC 9113, section 3.4), or TLS does.
    pub(crate) fn mark_http2(&self) {
        self.speaks_http2.store(true, Ordering::Relaxed);
    }

    pub(crate) fn speaks_http2(&self) -> bool {
        self.speaks_http2.load(Ordering::Relaxed)
    }

    /// The client is told that the connection ends, and is to answer.
    pub(crate) fn mark_ending(&self) {
        self.is_answered.store(false, Ordering::Relaxed);
    }

    /// Whether the client was told that the connection ends, gives no sign, and has nothing to wait for.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_waiting()
            && !self.is_answered.load(Ordering::Relaxed)
            && !self.has_tunnel.load(Ordering::Relaxed)
    }

    /// Whether the connection waits for a request: none is in flight or partly read, and all of the last
    /// response is written.
    pub(crate) fn is_waiting(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0
            && !self.has_partial_request.load(Ordering::Relaxed)
            && !self.is_write_blocked.load(Ordering::Relaxed)
    }

    /// Whether all that the connection waits for is that the client takes the rest of streams that the drain
    /// has ended.
    pub(crate) fn awaits_reader(&self) -> bool {
        let streams = self.ending_streams.load(Ordering::Acquire);
        let has_streams = streams > 0 || self.ends_with_stream.load(Ordering::Relaxed);
        has_streams && self.in_flight.load(Ordering::Acquire) <= streams
    }

    /// Sets whether the connection could go to the next process.
    pub(crate) fn set_movable(&self, movable: bool) {
        self.is_movable.store(movable, Ordering::Relaxed);
    }

    /// A request asks for an upgrade.
    pub(crate) fn note_upgrade_request(&self) {
        self.set_movable(false);
        self.has_upgrade_request.store(true, Ordering::Relaxed);
    }

    /// Whether HTTP can be taken apart without an end of the connection: it waits for a request, and no rest
    /// of a body can come before that.
    pub(crate) fn is_parkable(&self) -> bool {
        self.is_waiting()
            && self.reads_are_heads()
            && !self.has_upgrade_request.load(Ordering::Relaxed)
    }

    /// Whether the connection goes to the next process as soon as it waits for a request.
    pub(crate) fn is_to_move(&self) -> bool {
        self.guard.hands_over() && self.is_movable.load(Ordering::Relaxed) && !self.speaks_http2()
    }

    /// Whether the client's next bytes begin a request that is left unread for the next process. To answer
    /// it here would hold the restart for as long as that takes.
    #[inline]
    pub(crate) fn leaves_next_request(&self) -> bool {
        self.is_to_move()
            && self.guard.is_draining()
            && self.in_flight.load(Ordering::Acquire) == 0
            && !self.has_partial_request.load(Ordering::Relaxed)
            && self.reads_are_heads()
    }

    /// Whether the connection may be given to `cargo devserver` if the client's next bytes begin a request for
    /// it.
    #[inline]
    pub(crate) fn is_givable(&self) -> bool {
        self.is_movable.load(Ordering::Relaxed)
            && !self.speaks_http2()
            && self.is_waiting()
            && self.reads_are_heads()
    }

    /// Whether the next request was left unread, and the connection is not to move any more.
    pub(crate) fn must_read_after_all(&self) -> bool {
        self.reading.is_left_unread() && !self.is_to_move()
    }

    /// Some of the next request is known to have been read.
    pub(crate) fn mark_partial_request(&self) {
        self.may_read_body.store(false, Ordering::Relaxed);
        self.note_bytes_read();
    }
}

/// A request whose response has not been passed on in full.
#[derive(Debug)]
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    is_ending_stream: bool,
}

impl InFlight {
    /// The response makes the request's stream a tunnel.
    pub(crate) fn mark_tunnel(&self) {
        self.activity.has_tunnel.store(true, Ordering::Relaxed);
    }

    /// The response is a stream that ends with the drain; with HTTP/1, the connection ends with it.
    pub(crate) fn mark_ending_stream(&mut self) {
        self.is_ending_stream = true;
        self.activity.ending_streams.fetch_add(1, Ordering::AcqRel);
        if !self.activity.speaks_http2() {
            self.activity.ends_with_stream.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the request is to be the connection's last.
    pub(crate) fn is_last(&self) -> bool {
        self.activity.guard.is_draining() && !self.activity.is_to_move()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.activity.in_flight.fetch_sub(1, Ordering::AcqRel);
        if self.is_ending_stream {
            self.activity.ending_streams.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
