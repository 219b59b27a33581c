//! Waiting for what another process brings about.

use std::time::{Duration, Instant};

use crate::DEADLINE;

/// Half of the servers' defaults: what was to be done sooner than by default is done by then, however
/// busy the machine is. See `the_defaults_are_far_enough_from_what_tests_set`.
pub const SOON: Duration = Duration::from_secs(15);

/// Waits for what a timeout that was set to little brings about.
///
/// # Panics
///
/// When it takes as long as it would by default.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("the option is ignored, or the machine is stuck")
}

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
