//! A shutdown and each kind of connection, where frameworks differ, or for hyper's server alone. See
//! `frameworks/shutdown.rs` for the promises of all.
//!
//! All timeouts take an hour, unless a test sets them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use listenfd_tests::{
    Connection, FRAMEWORKS, Folder, Server, ServiceManager, Supplier, get, has, program, request,
};

#[tokio::test]
async fn a_connection_that_was_idle_for_the_grace_is_closed_at_once() {
    let mut server = Server::start(&Supplier::one(), &["keep_alive_grace=50"]);
    let mut idle = Connection::open(server.addr()).await.unwrap();
    assert!(idle.get("/").await.unwrap().keep_alive);
    server.child.terminate();
    idle.wait_for_close().await;
    server.wait_for_end();
}

#[tokio::test]
async fn half_a_request_is_served_when_the_rest_comes() {
    let manager = ServiceManager::new();
    let options = ["keep_alive_grace=50"];
    let mut server = Server::start_managed("server-axum", &Supplier::one(), &manager, &options);
    let mut halfway = Connection::open(server.addr()).await.unwrap();
    let text = request("/");
    let (first, rest) = text.split_at(10);
    halfway.send(first).await.unwrap();
    get(server.addr(), "/").await.unwrap();
    server.begin_shutdown(&manager);
    // Longer than the grace. But the request has begun, so it is in flight.
    tokio::time::sleep(Duration::from_millis(150)).await;
    halfway.send(rest).await.unwrap();
    assert_eq!(halfway.read_answer().await.unwrap().body, b"hello");
    server.wait_for_end();
}

#[tokio::test]
async fn a_request_in_flight_is_finished() {
    for path in ["/slow", "/streamed"] {
        let manager = ServiceManager::new();
        let options = ["keep_alive_grace=10"];
        let mut server = Server::start_managed("server-axum", &Supplier::one(), &manager, &options);
        let mut busy = Connection::open(server.addr()).await.unwrap();
        busy.send(&request(path)).await.unwrap();
        get(server.addr(), "/").await.unwrap();
        server.begin_shutdown(&manager);
        let answer = busy.read_answer().await.unwrap();
        assert_eq!(answer.status, 200);
        server.wait_for_end();
    }
}

/// No other process would answer the connections in the queue of a listener that the server has bound itself.
#[tokio::test]
async fn connections_in_the_queue_of_its_own_listener_are_answered() {
    let mut server = Server::start_binding(&["max_connections=1", "keep_alive_grace=50"]);
    let addr = server.addr();
    let mut served = Connection::open(addr).await.unwrap();
    assert!(served.get("/").await.unwrap().keep_alive);
    let mut queued = Connection::open(addr).await.unwrap();
    queued.send(&request("/")).await.unwrap();
    server.child.terminate();
    assert_eq!(queued.read_answer().await.unwrap().body, b"hello");
    server.wait_for_end();
    Connection::open(addr).await.unwrap_err();
}

/// A rule of SELinux can do this, when it comes into force while the server runs.
#[test]
fn a_shutdown_ends_though_accept_is_denied() {
    const DENIED: &str = "#include <errno.h>\n\
        int accept(int fd, void *addr, void *len) { errno = EACCES; return -1; }\n\
        int accept4(int fd, void *addr, void *len, int flags) { errno = EACCES; return -1; }\n";
    if !has("cc") {
        return;
    }
    let folder = Folder::new();
    std::fs::write(folder.path("denied.c"), DENIED).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).args([folder.path("denied.so"), folder.path("denied.c")]);
    assert!(cc.status().unwrap().success());
    for framework in FRAMEWORKS {
        let mut command = Command::new(program(framework));
        command.env("LD_PRELOAD", folder.path("denied.so"));
        let mut server = Server::start_command(&mut command);
        let _waiting = std::net::TcpStream::connect(server.addr()).unwrap();
        server.child.terminate();
        server.wait_for_end();
    }
}

/// hyper reads the rest of a body that the app has not read, to keep the connection. That is not a request.
#[tokio::test]
async fn a_body_that_the_app_did_not_read_does_not_hold_the_restart() {
    let options = ["keep_alive_grace=50"];
    let mut server = Server::start(&Supplier::one(), &options);
    for length in [12_000, 17_000, 20_000] {
        let mut client = Connection::open(server.addr()).await.unwrap();
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        client.send(&(head + &"x".repeat(length))).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().status, 405);
        std::mem::forget(client);
    }
    server.child.terminate();
    server.wait_for_end();
}

#[tokio::test]
async fn an_http2_client_that_has_vanished_does_not_hold_the_restart() {
    let mut server = Server::start(&Supplier::one(), &["keep_alive_grace=50"]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    let no_settings = "\0\0\0\u{4}\0\0\0\0\0";
    client.send(&format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{no_settings}")).await.unwrap();
    get(server.addr(), "/").await.unwrap();
    server.child.terminate();
    server.wait_for_end();
}
