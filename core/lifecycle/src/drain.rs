//! One switch for all connections of a server, and the count of those that are left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The phases after the first, 0, in which the server serves.
const DRAINING: u8 = 1;
const CUT: u8 = 2;

/// Where a server is in its life. Held by the server; each connection holds a [`Token`].
#[derive(Debug, Default)]
pub struct Lifecycle {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    drained: Notify,
    cut: Notify,
    connections: AtomicUsize,
    finished: Notify,
}

impl Lifecycle {
    /// A server that is serving, without a connection yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For one more connection, which is counted until the token is dropped.
    #[must_use]
    pub fn token(&self) -> Token {
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        Token { shared: Arc::clone(&self.shared) }
    }

    /// Tells all connections to finish what they have begun.
    pub fn drain(&self) {
        self.shared.phase.fetch_max(DRAINING, Ordering::Release);
        self.shared.drained.notify_waiters();
    }

    /// Tells all connections to end where they are.
    pub fn cut(&self) {
        self.shared.phase.fetch_max(CUT, Ordering::Release);
        self.shared.cut.notify_waiters();
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
            // Registered before the second look, so that the last one cannot leave in between.
            finished.as_mut().enable();
            if self.connections() > 0 {
                finished.await;
            }
        }
    }
}

/// One connection's view of its server's life.
#[derive(Debug)]
pub struct Token {
    shared: Arc<Shared>,
}

impl Token {
    /// Whether the server finishes what it has begun, or ends altogether. As cheap as reading a
    /// number.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.phase.load(Ordering::Acquire) >= DRAINING
    }

    /// Whether the connection is to end where it is. As cheap as reading a number.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.shared.phase.load(Ordering::Acquire) >= CUT
    }

    /// Ends when the drain begins, if that is after its first poll: poll first, then look.
    pub fn drained(&self) -> Notified<'_> {
        self.shared.drained.notified()
    }

    /// Ends when the connections are cut, if that is after its first poll: poll first, then look.
    pub fn cut(&self) -> Notified<'_> {
        self.shared.cut.notified()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if self.shared.connections.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.finished.notify_waiters();
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
        let (first, second) = (lifecycle.token(), lifecycle.token());
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
}
