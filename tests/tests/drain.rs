//! What a shutdown does with each kind of connection.
//!
//! Where a test shows that something is *not* waited for, what would be waited for takes an hour.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use listenfd_tests::{Connection, Server, Supplier, request};

const DRAIN_AN_HOUR: &str = "drain_timeout=3600000";
const GRACE_AN_HOUR: &str = "keep_alive_grace=3600000";
const HEAD_AN_HOUR: &str = "header_read_timeout=3600000";

/// A server that would wait an hour for an idle connection, and as long for a request.
fn patient(sockets: &Supplier) -> Server {
    Server::start(sockets, &[GRACE_AN_HOUR, DRAIN_AN_HOUR])
}

/// Asks the server to end, and waits until it has closed its listener: by then it drains.
async fn begin_shutdown(server: &Server) {
    server.child.terminate();
    let pid = server.child.pid();
    let deadline = std::time::Instant::now() + listenfd_tests::DEADLINE;
    while std::fs::read_link(format!("/proc/{pid}/fd/3")).is_ok() {
        assert!(std::time::Instant::now() < deadline, "it does not drain");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_a_client_it_ends_at_once() {
    let mut server = patient(&Supplier::one());
    server.child.terminate();
    server.ended();
}

#[tokio::test]
async fn a_connection_that_was_idle_for_the_grace_is_closed_at_once() {
    let mut server = Server::start(&Supplier::one(), &["keep_alive_grace=50", DRAIN_AN_HOUR]);
    let mut idle = Connection::open(server.addr()).await.unwrap();
    assert!(idle.ask("/").await.unwrap().keep_alive);
    server.child.terminate();
    idle.closed().await;
    server.ended();
}

#[tokio::test]
async fn a_request_on_an_idle_connection_is_answered_and_the_answer_says_close() {
    let mut server = patient(&Supplier::one());
    let mut idle = Connection::open(server.addr()).await.unwrap();
    assert!(idle.ask("/").await.unwrap().keep_alive);
    begin_shutdown(&server).await;
    let answer = idle.ask("/").await.unwrap();
    assert_eq!(answer.body, b"hello");
    assert!(!answer.keep_alive, "{}", answer.head);
    idle.closed().await;
    server.ended();
}

#[tokio::test]
async fn a_connection_that_has_not_sent_a_byte_yet_is_answered() {
    let mut server = patient(&Supplier::one());
    let mut fresh = Connection::open(server.addr()).await.unwrap();
    // Connections are accepted in order, so once this one is answered the other is accepted.
    Connection::get(server.addr(), "/").await.unwrap();
    begin_shutdown(&server).await;
    assert!(!fresh.ask("/").await.unwrap().keep_alive);
    server.ended();
}

#[tokio::test]
async fn half_a_request_is_served_when_the_rest_comes() {
    let mut server = Server::start(&Supplier::one(), &["keep_alive_grace=50", DRAIN_AN_HOUR]);
    let mut halfway = Connection::open(server.addr()).await.unwrap();
    let text = request("/");
    let (first, rest) = text.split_at(10);
    halfway.send(first).await.unwrap();
    Connection::get(server.addr(), "/").await.unwrap();
    begin_shutdown(&server).await;
    // Longer than the grace: the request has begun, so it is in flight.
    tokio::time::sleep(Duration::from_millis(150)).await;
    halfway.send(rest).await.unwrap();
    assert_eq!(halfway.answer().await.unwrap().body, b"hello");
    server.ended();
}

#[tokio::test]
async fn a_request_in_flight_runs_on() {
    for path in ["/slow", "/streamed"] {
        let mut server = Server::start(&Supplier::one(), &["keep_alive_grace=10"]);
        let mut busy = Connection::open(server.addr()).await.unwrap();
        busy.send(&request(path)).await.unwrap();
        Connection::get(server.addr(), "/").await.unwrap();
        begin_shutdown(&server).await;
        let answer = busy.answer().await.unwrap();
        assert_eq!(answer.status, 200);
        server.ended();
    }
}

/// A response whose head was sent before the shutdown could not say that the connection closes, so
/// the client may send another request.
#[tokio::test]
async fn after_a_response_that_began_before_the_shutdown_another_request_is_answered() {
    let mut server = patient(&Supplier::one());
    let mut busy = Connection::open(server.addr()).await.unwrap();
    busy.send(&request("/streamed")).await.unwrap();
    busy.begins().await.unwrap();
    begin_shutdown(&server).await;
    assert!(busy.answer().await.unwrap().keep_alive);
    assert!(!busy.ask("/").await.unwrap().keep_alive);
    server.ended();
}

#[tokio::test]
async fn after_the_drain_timeout_the_rest_is_cut_and_counted() {
    let mut server = Server::start(&Supplier::one(), &["drain_timeout=100"]);
    let mut endless = Connection::open(server.addr()).await.unwrap();
    endless.send(&request("/endless")).await.unwrap();
    endless.begins().await.unwrap();
    server.child.terminate();
    let log = server.ended();
    assert!(log.contains("cutting 1 connections: the drain timeout is over"), "{log}");
    endless.answer().await.unwrap_err();
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = patient(&Supplier::one());
    let mut endless = Connection::open(server.addr()).await.unwrap();
    endless.send(&request("/endless")).await.unwrap();
    endless.begins().await.unwrap();
    begin_shutdown(&server).await;
    server.child.terminate();
    let log = server.ended();
    assert!(log.contains("cutting 1 connections: shutdown was asked for again"), "{log}");
}

#[tokio::test]
async fn a_future_can_stand_for_the_signals() {
    let mut server = Server::start(&Supplier::one(), &["shutdown_after=50"]);
    server.ended();
}

#[tokio::test]
async fn connections_in_the_queue_are_for_the_successor() {
    let sockets = Supplier::one();
    let mut first = Server::start(&sockets, &["max_connections=1"]);
    let addr = first.addr();
    let mut served = Connection::open(addr).await.unwrap();
    served.ask("/").await.unwrap();
    let mut queued = Connection::open(addr).await.unwrap();
    queued.send(&request("/")).await.unwrap();
    first.child.terminate();
    first.ended();
    let mut late = Connection::open(addr).await.unwrap();
    late.send(&request("/")).await.unwrap();
    let _second = Server::start(&sockets, &[]);
    assert_eq!(queued.answer().await.unwrap().body, b"hello");
    assert_eq!(late.answer().await.unwrap().body, b"hello");
}

/// Nobody else would answer what waits in the queue of a listener that the server bound itself.
#[tokio::test]
async fn connections_in_the_queue_of_its_own_listener_are_answered() {
    let mut server = Server::bound(&["max_connections=1"]);
    let addr = server.addr();
    let mut served = Connection::open(addr).await.unwrap();
    assert!(served.ask("/").await.unwrap().keep_alive);
    let mut queued = Connection::open(addr).await.unwrap();
    queued.send(&request("/")).await.unwrap();
    server.child.terminate();
    assert_eq!(queued.answer().await.unwrap().body, b"hello");
    server.ended();
    Connection::open(addr).await.unwrap_err();
}

/// hyper reads the rest of a body that the app has not, to keep the connection; that is no request.
#[tokio::test]
async fn a_body_that_the_app_did_not_read_does_not_hold_the_restart() {
    let options = ["keep_alive_grace=50", DRAIN_AN_HOUR, HEAD_AN_HOUR];
    let mut server = Server::start(&Supplier::one(), &options);
    for length in [12_000, 17_000, 20_000] {
        let mut client = Connection::open(server.addr()).await.unwrap();
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        client.send(&(head + &"x".repeat(length))).await.unwrap();
        assert_eq!(client.answer().await.unwrap().status, 405);
        std::mem::forget(client);
    }
    server.child.terminate();
    server.ended();
}

#[tokio::test]
async fn an_http2_client_that_has_vanished_does_not_hold_the_restart() {
    let mut server = Server::start(&Supplier::one(), &["keep_alive_grace=50", DRAIN_AN_HOUR]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    let no_settings = "\0\0\0\u{4}\0\0\0\0\0";
    client.send(&format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{no_settings}")).await.unwrap();
    Connection::get(server.addr(), "/").await.unwrap();
    server.child.terminate();
    server.ended();
}
