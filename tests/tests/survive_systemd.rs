//! Connections survive a restart under a real systemd.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::loss::{Fate, Mode, measure};
use listenfd_tests::{Restart, Systemd, Unit};

const RESTARTS: usize = 10;

/// An older systemd does not say that it keeps descriptors, so the server is told.
const SERVER: &str = "server hand_over_connections=1";

fn unit(server: &str) -> Unit<'_> {
    Unit { server, service: "FileDescriptorStoreMax=8", root: None }
}

#[test]
fn no_connection_is_closed() {
    if !Systemd::is_possible() {
        return;
    }
    let mut systemd = Systemd::boot(unit(SERVER));
    for mode in Mode::KEPT {
        let report = measure(&mut systemd, mode, RESTARTS);
        assert_eq!((report.lost(), report.reopened()), (0, 0), "{report}\n{}", systemd.journal());
        assert!(report.count(Fate::Ok) > 0, "{report}");
    }
    assert!(systemd.addr().ip().is_loopback());
}
