//! How many clients are answered at once.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Counts the clients that are answered at present.
#[derive(Debug, Default)]
pub(super) struct Clients {
    count: Mutex<usize>,
    left: Condvar,
}

impl Clients {
    /// More of them wait in the queue of the listener. Each leaves after some seconds, whatever it does.
    const MAX: usize = 256;

    /// Waits until there is room for one more; there is room again when the result is dropped.
    pub(super) fn admit(self: &Arc<Self>) -> Admitted {
        // The count is right even after a panic.
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |count: &mut usize| *count >= Self::MAX;
        let count = self.left.wait_while(count, full);
        *count.unwrap_or_else(PoisonError::into_inner) += 1;
        Admitted(Arc::clone(self))
    }
}

/// A client that is counted.
#[derive(Debug)]
#[must_use]
pub(super) struct Admitted(Arc<Clients>);

impl Drop for Admitted {
    fn drop(&mut self) {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.left.notify_one();
    }
}
