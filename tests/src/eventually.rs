//! Waiting for what another process brings about.

use std::time::{Duration, Instant};

use crate::DEADLINE;

/// Waits until something is so.
///
/// # Panics
///
/// With `what`, when it is not so within the deadline.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < end, "{what} after {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
