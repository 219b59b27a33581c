//! A restart loses no request, whatever the clients do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::loss::{self, Mode, Via};
use listenfd_tests::program;

const RESTARTS: usize = 10;

#[test]
fn under_systemfd() {
    no_request_is_lost(Via::Systemfd);
}

#[test]
fn under_a_shell_loop() {
    no_request_is_lost(Via::Shell);
}

fn no_request_is_lost(via: Via) {
    for mode in Mode::ALL {
        let report = loss::run(&program("server"), via, mode, RESTARTS);
        assert_eq!(report.lost(), 0, "{report}");
        assert!(report.count(loss::Fate::Ok) > 0, "{report}");
    }
}
