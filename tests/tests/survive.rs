//! Connections survive a restart, whoever keeps them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::loss::{Fate, Mode, measure};
use listenfd_tests::{Loop, Restart, Restarted, Systemd, Unit, Via, program};

const RESTARTS: usize = 10;

fn no_connection_is_closed(server: &mut dyn Restart, modes: &[Mode]) {
    for mode in modes {
        let report = measure(server, *mode, RESTARTS);
        assert_eq!((report.lost(), report.reopened()), (0, 0), "{report}");
        assert!(report.count(Fate::Ok) > 0, "{report}");
    }
}

#[test]
fn under_systemfd_keep() {
    let mut server = Loop::start(&program("server"), &[], Via::Keep);
    no_connection_is_closed(&mut server, &Mode::KEPT);
}

#[test]
fn of_hyper_and_warp_too() {
    for name in ["server-hyper", "server-warp"] {
        let mut server = Loop::start(&program(name), &[], Via::Keep);
        no_connection_is_closed(&mut server, &[Mode::KEPT[1], Mode::Slow, Mode::Pipelined]);
    }
}

/// An older systemd does not say that it keeps descriptors, so the server is told.
#[test]
fn under_systemd() {
    if !Systemd::is_possible() {
        return;
    }
    let unit = Unit {
        server: "server hand_over_connections=1",
        service: "FileDescriptorStoreMax=8",
        root: None,
    };
    no_connection_is_closed(&mut Systemd::boot(unit), &Mode::KEPT);
}

#[test]
fn under_cargo_devserver() {
    let modes: Vec<_> = Mode::KEPT.into_iter().filter(|mode| *mode != Mode::Streamed).collect();
    no_connection_is_closed(&mut Restarted::start("survives"), &modes);
}
