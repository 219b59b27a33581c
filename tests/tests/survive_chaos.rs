//! Whatever clients do during restarts, every answer arrives and is the right one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::Ordering;
use std::time::Duration;

use listenfd_tests::{HeldBy, RestartLoop, chaos, program, raise_fd_limit};

#[test]
fn random_clients_get_the_right_answers() {
    raise_fd_limit();
    let mut server = RestartLoop::start(&program("server-axum"), &[], HeldBy::SystemfdKeep);
    let seed = 0x5eed;
    let tally = chaos::run(&mut server, 300, 10, Duration::from_millis(400), seed);
    let wrong = tally.wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    assert_eq!(tally.closed.load(Ordering::Relaxed), 0, "{tally:?}");
    for happened in [&tally.answered, &tally.upgraded, &tally.reset, &tally.ended] {
        assert!(happened.load(Ordering::Relaxed) > 0, "{tally:?}");
    }
}
