//! A restart loses no request, whatever the clients do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use listenfd_tests::loss::{Mode, measure};
use listenfd_tests::{Certificate, Fate, Folder, HeldBy, RestartLoop, has, program};

const RESTARTS: usize = 10;

#[test]
fn no_request_is_lost_by_axum() {
    no_request_is_lost("server-axum", HeldBy::Systemfd);
}

#[test]
fn no_request_is_lost_by_axum_on_sockets_of_the_test() {
    no_request_is_lost("server-axum", HeldBy::Test);
}

#[test]
fn no_request_is_lost_by_hyper() {
    no_request_is_lost("server-hyper", HeldBy::Systemfd);
}

#[test]
fn no_request_is_lost_by_warp() {
    no_request_is_lost("server-warp", HeldBy::Systemfd);
}

#[test]
fn no_request_is_lost_by_actix_web() {
    no_request_is_lost("server-actix-web", HeldBy::Systemfd);
}

fn no_request_is_lost(server: &str, held_by: HeldBy) {
    for mode in Mode::ALL {
        // actix-web has HTTP/2 over TLS only.
        if server == "server-actix-web" && mode == Mode::Http2 {
            continue;
        }
        let report =
            measure(&mut RestartLoop::start(&program(server), &[], held_by), mode, RESTARTS);
        assert_eq!(report.lost(), 0, "{report}");
        assert!(report.count(Fate::Ok) > 0, "{report}");
    }
}

#[test]
fn no_request_of_h2load_is_lost_by_prior_knowledge() {
    if has("h2load") {
        h2load_loses_nothing("http", &[]);
    }
}

#[test]
fn no_request_of_h2load_is_lost_over_tls() {
    if !has("h2load") {
        return;
    }
    let folder = Folder::new();
    Certificate::new().write(&folder.path("cert.pem"), &folder.path("key.pem"));
    let cert = format!("cert={}", folder.path("cert.pem").display());
    let key = format!("key={}", folder.path("key.pem").display());
    h2load_loses_nothing("https", &[&cert, &key]);
}

/// 40 connections a second, each with 100 requests at once. After a GOAWAY, h2load opens no other connection,
/// so each has only as many requests as fit at once.
fn h2load_loses_nothing(scheme: &str, arguments: &[&str]) {
    let server = RestartLoop::start(&program("server-axum"), arguments, HeldBy::Systemfd);
    let report = server.restart_under(RESTARTS, |addr| {
        let mut h2load = Command::new("h2load");
        h2load.args(["-n", "30000", "-c", "300", "-m", "100", "-r", "40"]);
        h2load.arg(format!("{scheme}://{addr}/"));
        h2load
    });
    assert!(report.contains(" 30000 succeeded, 0 failed, 0 errored"), "{report}");
}
