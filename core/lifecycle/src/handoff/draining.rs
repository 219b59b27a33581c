//! The servers of this process that drain, and connections whose next server does not start.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use listenfd_core::internal::CONNECTIONS;

use super::keeper::Keeper;
use crate::notify;

/// How many servers of this process drain.
static DRAINING: AtomicUsize = AtomicUsize::new(0);

/// How long a process may run on after it has handed over connections.
const LINGERING_TIMEOUT: Duration = Duration::from_secs(30);

/// A server of this process that drains, until this is dropped.
#[derive(Debug)]
#[must_use = "the server counts as draining until this is dropped"]
pub struct DrainingServer(());

impl DrainingServer {
    /// Begins the drain.
    pub fn begin() -> Self {
        DRAINING.fetch_add(1, Ordering::AcqRel);
        DrainingServer(())
    }

    /// Ends the drain of a server that has handed connections to `keeper`. The next process may be started
    /// only when this one has ended. If this one stays, the clients would wait for ever, so after some time
    /// the keeper is told to close the connections.
    pub fn close_if_process_stays(self, keeper: &Keeper) {
        let Some(manager) = keeper.address().cloned() else { return };
        tokio::spawn(async move {
            tokio::time::sleep(LINGERING_TIMEOUT).await;
            while DRAINING.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(LINGERING_TIMEOUT).await;
            }
            tracing::warn!(
                "connections that were handed over are closed: this process still runs, and the \
                 next one does not"
            );
            notify::forget(&manager, CONNECTIONS);
        });
    }
}

impl Drop for DrainingServer {
    fn drop(&mut self) {
        DRAINING.fetch_sub(1, Ordering::AcqRel);
    }
}
