//! How long a test waits for another process.

use std::time::{Duration, Instant};

/// The limit for everything that takes longer on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Half of a server's default timeouts. A test that sets a short timeout sees its effect before this, even
/// on a busy machine. See `the_defaults_are_far_enough_from_what_tests_set`.
pub const SOON: Duration = Duration::from_secs(15);

/// Waits for the effect of a short timeout.
///
/// # Panics
///
/// When it takes as long as with the default timeout.
pub async fn soon<T>(effect: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, effect)
        .await
        .expect("the option is ignored, or the machine is stuck")
}

/// Waits until `is_so` returns `true`.
///
/// # Panics
///
/// With `fault` as the message, after the deadline.
#[track_caller]
pub fn eventually(fault: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < end, "{fault} after {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
