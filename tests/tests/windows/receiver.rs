//! Our receiver, under the published supplier and under servers that are no suppliers.

use std::io::{Read, Write};
use std::net::TcpListener;

use listenfd_tests::{Child, Wine, windows_program};
use serde_json::Value;

#[test]
fn our_receiver_under_systemfd_0_4_6() {
    let Some(wine) = Wine::start() else { return };
    let mut command = wine.command(windows_program("systemfd-0.4.6"));
    command.args(["-s", "http::127.0.0.1:0", "-s", "udp::127.0.0.1:0", "-s", "http::127.0.0.1:0"]);
    command.arg("--").arg(windows_program("receiver"));
    let mut child = Child::spawn(command.args(["list", "listen=127.0.0.1:1"]));
    let list = child.json();
    let kinds: Vec<_> = list.as_array().unwrap().iter().map(|socket| &socket["kind"]).collect();
    assert_eq!(kinds, ["TcpListener", "UdpSocket", "TcpListener"], "{list}");
    let taken = child.json();
    let addrs = |sockets: &Value, places: &[usize]| {
        places.iter().map(|place| sockets[place]["addr"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(addrs(&taken, &[0, 1]), addrs(&list, &[0, 2]), "{taken}");
    assert_eq!(taken[1]["handed"], true, "{taken}");
}

/// Starts a receiver whose supplier, a thread of this test, answers with these bytes. Returns what the receiver was
/// told and reports.
#[track_caller]
fn answered_with(wine: &Wine, answer: Vec<u8>) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = String::new();
        client.read_to_string(&mut request).unwrap();
        // The receiver may not want all of it.
        let _ = client.write_all(&answer);
        request
    });
    let report = error_under(wine, &addr.to_string());
    (server.join().unwrap(), report)
}

/// The error of a receiver with this supplier. It is told to bind an address, and must not.
#[track_caller]
fn error_under(wine: &Wine, server: &str) -> String {
    let mut command = wine.command(windows_program("receiver"));
    command.env("SYSTEMFD_SOCKET_SERVER", server).env("SYSTEMFD_SOCKET_SECRET", "the-secret");
    let report = Child::spawn(command.arg("listen=127.0.0.1:0")).json();
    report["error"].as_str().unwrap_or_else(|| panic!("{report}")).to_owned()
}

#[test]
fn a_supplier_that_knows_another_secret() {
    let Some(wine) = Wine::start() else { return };
    let (request, err) = answered_with(&wine, Vec::new());
    let (secret, pid) = request.split_once('|').unwrap();
    assert_eq!(secret, "the-secret");
    assert!(pid.parse::<u32>().is_ok(), "{request}");
    assert!(err.contains("SYSTEMFD_SOCKET_SECRET is that of another one"), "{err}");
}

#[test]
fn a_supplier_that_stops_in_the_middle() {
    let Some(wine) = Wine::start() else { return };
    for length in [1, 627, 629] {
        let (_, err) = answered_with(&wine, vec![0; length]);
        assert!(err.contains("a part of a socket's description"), "{length}: {err}");
    }
}

#[test]
fn a_server_that_is_no_supplier() {
    let Some(wine) = Wine::start() else { return };
    let (_, err) = answered_with(&wine, vec![b'x'; 628]);
    assert!(err.contains("socket 0"), "{err}");
    let (_, err) = answered_with(&wine, vec![b'x'; 628 * 1500]);
    assert!(err.contains("another kind of server"), "{err}");
}

#[test]
fn a_supplier_that_has_ended() {
    let Some(wine) = Wine::start() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let err = error_under(&wine, &format!("127.0.0.1:{port}"));
    assert!(err.contains("has probably ended"), "{err}");
}

#[test]
fn a_supplier_on_another_machine_does_not_get_the_secret() {
    let Some(wine) = Wine::start() else { return };
    let err = error_under(&wine, "192.0.2.1:80");
    assert!(err.contains("loopback"), "{err}");
}
