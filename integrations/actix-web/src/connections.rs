//! The connections of all workers, and which of them wait for a request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use listenfd_core::Peer;
use listenfd_lifecycle::DrainToken;
use listenfd_lifecycle::internal::{ConnectionGuard, Lifecycle};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// The connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    lifecycle: Lifecycle,
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    next_id: AtomicU64,
    unsettled: AtomicUsize,
    settling_millis: AtomicU64,
    changed: Notify,
}

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    connections: Arc<Connections>,
    accepted: Instant,
    /// The end of the last response, in microseconds since the accept; 0 before the first one.
    last: AtomicU64,
    in_flight: AtomicUsize,
    has_spoken_http1: AtomicBool,
    /// Whether it closes with a response that the drain ends, so no request can come.
    ends_with_the_drain: AtomicBool,
}

/// A connection that is open until this is dropped. It is in the connection's data (`HttpRequest::conn_data`).
#[derive(Debug)]
pub(crate) struct Open {
    id: u64,
    activity: Arc<Activity>,
    unix: Option<Peer>,
    _guard: ConnectionGuard,
}

/// When all connections are quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Every connection has waited for a request for the grace.
    Now,
    /// At this moment, if nothing happens until then.
    At(Instant),
    /// A response is on its way.
    No,
}

impl Quiet {
    pub(crate) fn when(is_so: bool) -> Self {
        if is_so { Quiet::Now } else { Quiet::No }
    }
}

impl Connections {
    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Adds a connection that was accepted. `unix` is the client of a Unix socket.
    pub(crate) fn open(self: &Arc<Self>, unix: Option<Peer>) -> Open {
        let activity = Arc::new(Activity {
            connections: Arc::clone(self),
            accepted: Instant::now(),
            last: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            has_spoken_http1: AtomicBool::new(false),
            ends_with_the_drain: AtomicBool::new(false),
        });
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.all().insert(id, Arc::clone(&activity));
        Open { id, activity, unix, _guard: self.lifecycle.guard() }
    }

    /// Ends when something has changed that a drain may wait for, if that is after the first poll.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// When all connections will have waited for a request for `grace`.
    pub(crate) fn quiet(&self, grace: Duration) -> Quiet {
        let now = Instant::now();
        let mut quiet = Quiet::Now;
        for activity in self.all().values() {
            if activity.in_flight.load(Ordering::Acquire) > 0 {
                return Quiet::No;
            }
            let Some(at) = activity.quiet_at(grace) else { return Quiet::No };
            quiet = match quiet {
                Quiet::At(latest) if latest >= at => quiet,
                _ if at > now => Quiet::At(at),
                _ => quiet,
            };
        }
        quiet
    }

    /// Whether a connection is left that actix-web is to end when it is told to stop. That is any of HTTP/1,
    /// as it may have something to write, and one of HTTP/2 while a response is on its way. A connection
    /// without a request so far does not matter.
    pub(crate) fn any_ends_by_itself(&self) -> bool {
        self.all().values().any(|activity| {
            activity.has_spoken_http1.load(Ordering::Relaxed)
                || activity.in_flight.load(Ordering::Acquire) > 0
        })
    }

    /// Registers a worker. It has settled when the result is dropped.
    pub(crate) fn worker(self: &Arc<Self>) -> Unsettled {
        self.unsettled.fetch_add(1, Ordering::AcqRel);
        Unsettled(Arc::clone(self))
    }

    /// Whether every worker has begun to serve the connections that were accepted before the drain.
    pub(crate) fn are_settled(&self) -> bool {
        self.unsettled.load(Ordering::Acquire) == 0
    }

    /// Sets how long the workers wait until they count as settled. To be called before the drain begins.
    pub(crate) fn set_settling_time(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.settling_millis.store(millis, Ordering::Release);
    }

    pub(crate) fn settling_time(&self) -> Duration {
        Duration::from_millis(self.settling_millis.load(Ordering::Acquire))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_drain(&self) {
        if self.lifecycle.is_draining() {
            self.changed.notify_waiters();
        }
    }
}

impl Activity {
    /// Notes a request. It is in flight until the result is dropped.
    pub(crate) fn begin_request(self: &Arc<Self>, http2: bool) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        if !http2 {
            self.has_spoken_http1.store(true, Ordering::Relaxed);
        }
        InFlight(Arc::clone(self))
    }

    /// `None` means never: the grace is too long to be added.
    fn quiet_at(&self, grace: Duration) -> Option<Instant> {
        if self.ends_with_the_drain.load(Ordering::Relaxed) {
            return Some(self.accepted);
        }
        let last = Duration::from_micros(self.last.load(Ordering::Relaxed));
        self.accepted.checked_add(last)?.checked_add(grace)
    }
}

impl Open {
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// The client, if it is one of a Unix socket.
    pub(crate) fn unix(&self) -> Option<&Peer> {
        self.unix.as_ref()
    }

    pub(crate) fn drain_token(&self) -> DrainToken {
        self.activity.connections.lifecycle.drain_token()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let connections = &self.activity.connections;
        connections.all().remove(&self.id);
        connections.tell_drain();
    }
}

/// A worker that may not have begun to serve all connections that were accepted before the drain.
#[derive(Debug)]
pub(crate) struct Unsettled(Arc<Connections>);

impl Unsettled {
    /// Waits for the drain, and then for as long as the accepting thread may take to pause. It runs between
    /// the worker's other tasks, so it ends after the worker has begun to serve all that it was sent.
    pub(crate) async fn settle(self) {
        self.0.lifecycle.drain_token().draining().await;
        tokio::time::sleep(self.0.settling_time()).await;
        tokio::task::yield_now().await;
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        self.0.unsettled.fetch_sub(1, Ordering::AcqRel);
        self.0.tell_drain();
    }
}

/// A request whose response has not been passed on in full.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Activity>);

impl InFlight {
    /// Whether the server drains.
    pub(crate) fn is_draining(&self) -> bool {
        self.0.connections.lifecycle.is_draining()
    }

    /// The drain need not wait for the response, because the response ends with it. Over HTTP/1, the
    /// connection closes then.
    pub(crate) fn end_with_the_drain(self) {
        if self.0.has_spoken_http1.load(Ordering::Relaxed) {
            self.0.ends_with_the_drain.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // Half a million years fit.
        let now = self.0.accepted.elapsed().as_micros() as u64;
        self.0.last.store(now, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.0.connections.tell_drain();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_secs(1000);

    #[test]
    fn it_is_quiet_when_every_connection_has_waited_for_the_grace() {
        let connections = Arc::new(Connections::default());
        assert_eq!(connections.quiet(FAR), Quiet::Now);
        let first = connections.open(None);
        assert!(matches!(connections.quiet(FAR), Quiet::At(_)));
        assert_eq!(connections.quiet(Duration::ZERO), Quiet::Now);
        assert_eq!(connections.quiet(Duration::MAX), Quiet::No);

        let second = connections.open(None);
        let request = second.activity().begin_request(false);
        assert_eq!(connections.quiet(Duration::ZERO), Quiet::No);
        drop(request);
        assert_eq!(connections.quiet(Duration::ZERO), Quiet::Now);

        drop((first, second));
        assert_eq!(connections.quiet(FAR), Quiet::Now);
        assert_eq!(connections.lifecycle().connections(), 0);
    }

    #[test]
    fn a_response_that_ends_with_the_drain_does_not_hold_it_up() {
        let connections = Arc::new(Connections::default());
        let open = connections.open(None);
        open.activity().begin_request(false).end_with_the_drain();
        assert_eq!(connections.quiet(FAR), Quiet::Now);
        assert!(connections.any_ends_by_itself());

        // Over HTTP/2, other requests may be on their way.
        let other = connections.open(None);
        other.activity().begin_request(true).end_with_the_drain();
        assert!(matches!(connections.quiet(FAR), Quiet::At(_)));
    }

    #[test]
    fn only_http1_connections_end_by_themselves() {
        let connections = Arc::new(Connections::default());
        let open = connections.open(None);
        assert!(!connections.any_ends_by_itself());
        let request = open.activity().begin_request(true);
        assert!(connections.any_ends_by_itself());
        drop(request);
        assert!(!connections.any_ends_by_itself());
        drop(open.activity().begin_request(false));
        assert!(connections.any_ends_by_itself());
    }

    #[tokio::test]
    async fn a_worker_settles_in_the_drain_or_when_it_is_gone() {
        let connections = Arc::new(Connections::default());
        let (first, second) = (connections.worker(), connections.worker());
        assert!(!connections.are_settled());
        drop(first);
        connections.lifecycle().drain();
        second.settle().await;
        assert!(connections.are_settled());
    }
}
