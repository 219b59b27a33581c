//! The request of a supplier that this process stops: a named event (`LISTENFD_EVENTS`).
//!
//! One thread of this process waits for it. It is started together with the first server, if a supplier has
//! announced events, and ends with the process or at the request.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use listenfd_core::internal::program_events::ProgramEvents;
use tokio::sync::Notify;

/// Whether the supplier has requested it.
static REQUESTED: AtomicBool = AtomicBool::new(false);
static CHANGED: Notify = Notify::const_new();

/// The request of the supplier, for one server.
pub(super) struct SupplierRequest {
    is_over: bool,
}

impl SupplierRequest {
    /// # Errors
    ///
    /// When the events of the supplier cannot be opened, or no thread can be started.
    pub(super) fn arm() -> io::Result<Self> {
        if let Some(events) = ProgramEvents::of_this_process()? {
            watch(events)?;
        }
        Ok(SupplierRequest { is_over: false })
    }

    /// Ends when the supplier requests it, once. Cancel safe.
    pub(super) async fn requested(&mut self) {
        if self.is_over {
            return std::future::pending().await;
        }
        let mut changed = std::pin::pin!(CHANGED.notified());
        // Registered before the look, so that the request cannot come in between.
        changed.as_mut().enable();
        if !REQUESTED.load(Ordering::Acquire) {
            changed.await;
        }
        self.is_over = true;
    }
}

/// Starts the thread, if it is not there yet.
fn watch(events: &'static ProgramEvents) -> io::Result<()> {
    static WATCHED: Mutex<bool> = Mutex::new(false);
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if *watched {
        return Ok(());
    }
    let wait = move || match events.wait_for_stop() {
        Ok(()) => {
            REQUESTED.store(true, Ordering::Release);
            CHANGED.notify_waiters();
        }
        Err(err) => tracing::error!("the supplier cannot stop this server: {err}"),
    };
    std::thread::Builder::new().name("supplier".into()).spawn(wait)?;
    *watched = true;
    Ok(())
}
