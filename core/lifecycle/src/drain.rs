//! The drain: one switch for all connections of a server, and the count of those that are left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The phases after the first, 0, in which the server is serving.
const DRAINING: u8 = 1;
const CUT: u8 = 2;

/// Where a server is in its life. Held by the server; each connection holds a [`ConnectionGuard`].
#[derive(Debug, Default)]
pub struct Lifecycle {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    hands_over: AtomicBool,
    drained: Notify,
    cut: Notify,
    connections: AtomicUsize,
    finished: Notify,
}

impl Shared {
    fn is_draining(&self) -> bool {
        self.phase.load(Ordering::Acquire) >= DRAINING
    }
}

impl Lifecycle {
    /// A server that is serving, and has no connection yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one more connection, until the guard is dropped.
    #[must_use]
    pub fn guard(&self) -> ConnectionGuard {
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        ConnectionGuard { shared: Arc::clone(&self.shared) }
    }

    /// A token that tells the application of the drain. It does not count as a connection.
    #[must_use]
    pub fn drain_token(&self) -> DrainToken {
        DrainToken { shared: Arc::clone(&self.shared) }
    }

    /// Sets whether connections go to the next process, instead of ending at the drain. Set it before the
    /// drain begins; it may be unset at any time.
    pub fn set_hands_over(&self, hands_over: bool) {
        self.shared.hands_over.store(hands_over, Ordering::Release);
    }

    /// Whether connections go to the next process.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        self.shared.hands_over.load(Ordering::Acquire)
    }

    /// Tells all connections to finish what they have begun.
    pub fn drain(&self) {
        self.shared.phase.fetch_max(DRAINING, Ordering::Release);
        self.shared.drained.notify_waiters();
    }

    /// Tells all connections to end at once.
    pub fn cut(&self) {
        self.shared.phase.fetch_max(CUT, Ordering::Release);
        self.shared.cut.notify_waiters();
    }

    /// Whether the drain has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// Ends when there is no connection left.
    pub async fn finished(&self) {
        while self.connections() > 0 {
            let mut finished = std::pin::pin!(self.shared.finished.notified());
            // Registered before the second look, so that the last one cannot end in between.
            finished.as_mut().enable();
            if self.connections() > 0 {
                finished.await;
            }
        }
    }
}

/// One connection's view of its server's life.
#[derive(Debug)]
pub struct ConnectionGuard {
    shared: Arc<Shared>,
}

impl ConnectionGuard {
    /// Whether the drain has begun. As cheap as reading a number.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// Whether connections go to the next process. As cheap as reading a number.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        self.shared.hands_over.load(Ordering::Acquire)
    }

    /// Whether the connection is to end at once. As cheap as reading a number.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.shared.phase.load(Ordering::Acquire) >= CUT
    }

    /// Ends when the drain begins, if that is after the first poll: poll first, then look.
    pub fn drained(&self) -> Notified<'_> {
        self.shared.drained.notified()
    }

    /// Ends when the connections are cut, if that is after the first poll: poll first, then look.
    pub fn cut(&self) -> Notified<'_> {
        self.shared.cut.notified()
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        if self.shared.connections.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.finished.notify_waiters();
        }
    }
}

/// Tells a response without an end that the server drains: a WebSocket, an event stream, a long poll. It can
/// say goodbye and end. If it does not, it is cut at the drain timeout.
///
/// Clone it and keep it for as long as you like: it does not hold up the server.
///
/// ```
/// # use listenfd_lifecycle::DrainToken;
/// # async fn next_event() -> Option<String> { None }
/// async fn events(drain: DrainToken) {
///     loop {
///         tokio::select! {
///             event = next_event() => match event {
///                 Some(event) => println!("{event}"),
///                 None => break,
///             },
///             () = drain.draining() => break println!("goodbye"),
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct DrainToken {
    shared: Arc<Shared>,
}

impl DrainToken {
    /// Whether the drain has begun. As cheap as reading a number.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// Ends when the drain begins, or at once when it has begun. Cancel safe. The future borrows nothing, so
    /// it can go into a stream.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            let mut drained = std::pin::pin!(shared.drained.notified());
            // Registered before the look, so that the drain cannot begin in between.
            drained.as_mut().enable();
            if !shared.is_draining() {
                drained.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_reaches_every_token_and_ends_with_the_last() {
        let lifecycle = Lifecycle::new();
        lifecycle.finished().await;
        let (first, second) = (lifecycle.guard(), lifecycle.guard());
        assert_eq!(lifecycle.connections(), 2);
        assert!(!first.is_draining());

        {
            let mut drained = std::pin::pin!(first.drained());
            drained.as_mut().enable();
            lifecycle.drain();
            drained.await;
        }
        assert!(first.is_draining() && second.is_draining() && !second.is_cut());

        {
            let mut cut = std::pin::pin!(first.cut());
            cut.as_mut().enable();
            lifecycle.cut();
            cut.await;
        }
        assert!(first.is_cut());
        // A cut server does not go back to draining.
        lifecycle.drain();
        assert!(first.is_cut());

        tokio::join!(lifecycle.finished(), async { drop((first, second)) });
    }

    #[tokio::test]
    async fn a_drain_token_tells_of_the_drain_and_holds_nothing() {
        let lifecycle = Lifecycle::new();
        let token = lifecycle.drain_token();
        lifecycle.finished().await;
        assert!(!token.is_draining());
        tokio::join!(token.draining(), async { lifecycle.drain() });
        assert!(token.is_draining());
        token.draining().await;
    }
}
