//! Windows: what the supplier is told, by named events (`LISTENFD_EVENTS`). The names are those of
//! `service_manager.rs`; there is no service manager that could be told more.

use std::io;
use std::sync::Once;

use listenfd_core::internal::program_events::{self, ProgramEvents};

/// Tells that a server accepts connections.
pub fn ready() {
    log_once(ProgramEvents::of_this_process().and_then(|events| match events {
        Some(events) => events.set_ready(),
        None => Ok(()),
    }));
}

/// Does nothing: the supplier learns that the listeners are closed.
pub fn stopping() {}

/// Tells that servers have closed their copies of this many handed listeners. The supplier is told when no
/// server of this process has one any more.
pub(crate) fn closed(listeners: usize) {
    log_once(program_events::note_closed(listeners));
}

/// Does nothing: events do not wait.
#[allow(clippy::unused_async, reason = "on Unix, messages wait")]
pub async fn flush() {}

/// Never ends: no supplier has a watchdog.
pub async fn watchdog() {
    std::future::pending().await
}

/// Does nothing: certificates are read at the start only.
#[cfg(feature = "tls-no-provider")]
pub(crate) fn reloading() {}

/// Does nothing.
#[cfg(feature = "tls-no-provider")]
pub(crate) fn reloaded() {}

fn log_once(told: io::Result<()>) {
    static FAILED: Once = Once::new();
    if let Err(err) = told {
        FAILED.call_once(|| {
            tracing::warn!("cannot tell the supplier the state of this server: {err}")
        });
    }
}
