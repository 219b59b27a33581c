//! A shutdown with TLS: handshakes, records and HTTP/2 connections.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use listenfd_tests::{Connection, FRAMEWORKS, SOON, Supplier, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ClientConnection;

use super::Secure;

#[tokio::test]
async fn a_request_on_an_idle_connection_is_answered_and_the_answer_says_close() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        // actix-web does not show handshakes, so the drain waits for the whole grace.
        let secure = Secure::start(framework, &sockets, &["keep_alive_grace=3000"]);
        let Secure { mut server, manager, certificate, .. } = secure;
        let mut idle = certificate.open(server.addr()).await.unwrap();
        assert!(idle.get("/").await.unwrap().keep_alive);
        server.begin_shutdown(&manager);
        let answer = idle.get("/").await.unwrap();
        assert_eq!(answer.body, b"hello");
        assert!(!answer.keep_alive, "{framework}: {}", answer.head);
        idle.wait_for_close().await;
        server.wait_for_end();
    }
}

#[tokio::test]
async fn a_handshake_that_begins_in_the_drain_is_finished_and_its_request_answered() {
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let sockets = Supplier::one();
        let Secure { mut server, manager, certificate, folder: _folder } =
            Secure::start("server-axum", &sockets, &[]);
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        // Connections are accepted in order: after this answer, the other one is accepted.
        drop(certificate.open(server.addr()).await.unwrap().get("/").await.unwrap());
        server.begin_shutdown(&manager);
        let stream = certificate.connector(&[protocol]).connect("localhost", stream).await;
        if protocol == b"h2" {
            assert_eq!(listenfd_tests::http2_get(stream).await, "hello");
        } else {
            assert!(!Connection::new(stream).get("/").await.unwrap().keep_alive);
        }
        server.wait_for_end();
    }
}

/// Half of a TLS record counts as a request in flight, also when it arrives together with the last message of
/// the handshake.
#[tokio::test]
async fn half_a_record_is_served_when_the_rest_comes() {
    for apart in [false, true] {
        let sockets = Supplier::one();
        let options = ["keep_alive_grace=50"];
        let Secure { mut server, manager, certificate, folder: _folder } =
            Secure::start("server-axum", &sockets, &options);
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        let mut session = certificate.session();
        while session.is_handshaking() {
            socket.write_all(&to_send(&mut session)).await.unwrap();
            receive(&mut session, &mut socket).await;
        }
        let mut first = to_send(&mut session);
        if apart {
            socket.write_all(&first).await.unwrap();
            first.clear();
            // Session tickets: the server has finished the handshake.
            receive(&mut session, &mut socket).await;
        }
        session.writer().write_all(request("/").as_bytes()).unwrap();
        let record = to_send(&mut session);
        let (half, rest) = record.split_at(record.len() / 2);
        first.extend_from_slice(half);
        socket.write_all(&first).await.unwrap();
        drop(certificate.open(server.addr()).await.unwrap().get("/").await.unwrap());
        server.begin_shutdown(&manager);
        // Longer than the grace.
        tokio::time::sleep(Duration::from_millis(200)).await;
        socket.write_all(rest).await.unwrap();
        let mut text = String::new();
        while !text.ends_with("hello") {
            receive(&mut session, &mut socket).await;
            // The bytes so far; more may follow.
            let _ = session.reader().read_to_string(&mut text);
        }
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        drop(socket);
        server.wait_for_end();
    }
}

fn to_send(session: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut bytes).unwrap();
    }
    bytes
}

async fn receive(session: &mut ClientConnection, socket: &mut TcpStream) {
    let mut bytes = [0; 4096];
    let length = socket.read(&mut bytes).await.unwrap();
    assert_ne!(length, 0, "the server has closed the connection");
    session.read_tls(&mut &bytes[..length]).unwrap();
    session.process_new_packets().unwrap();
}

/// Browsers have such connections: they connect before they have a request.
#[tokio::test]
async fn http2_connections_without_a_request_and_idle_ones_do_not_hold_the_restart() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        let options = ["keep_alive_grace=50"];
        let Secure { mut server, manager, certificate, folder: _folder } =
            Secure::start(framework, &sockets, &options);
        let mut clients = Vec::new();
        for asks in [false, true] {
            let stream = TcpStream::connect(server.addr()).await.unwrap();
            let stream = certificate.connector(&[b"h2"]).connect("localhost", stream).await;
            let (sender, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            let mut sender = sender.ready().await.unwrap();
            if asks {
                let request = hyper::Request::get("https://localhost/").body(()).unwrap();
                let (response, _) = sender.send_request(request, true).unwrap();
                assert_eq!(response.await.unwrap().status(), 200);
            }
            clients.push(sender);
        }
        server.begin_shutdown(&manager);
        server.wait_for_end();
    }
}

/// RFC 8441: a WebSocket is one stream of an HTTP/2 connection.
#[tokio::test]
async fn a_websocket_over_http2_outlasts_the_grace() {
    let sockets = Supplier::one();
    let options = ["keep_alive_grace=50", "drain_timeout=1500"];
    let Secure { mut server, manager, certificate, folder: _folder } =
        Secure::start("server-axum", &sockets, &options);
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let stream = certificate.connector(&[b"h2"]).connect("localhost", stream).await;
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    while !sender.is_extended_connect_protocol_enabled() {
        tokio::task::yield_now().await;
    }
    let mut request = hyper::Request::connect("https://localhost/ws");
    request = request.header("sec-websocket-version", "13");
    let mut request = request.body(()).unwrap();
    request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
    sender = sender.ready().await.unwrap();
    let (response, _keep_open) = sender.send_request(request, false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    server.begin_shutdown(&manager);
    // This WebSocket does not close itself, so only the drain timeout ends it.
    let began = Instant::now();
    let log = server.wait_for_end();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert!(log.contains("cutting 1 connections: the drain timeout is over"), "{log}");
}

/// The server waits with the rest, and has nothing to read meanwhile.
#[tokio::test]
async fn a_long_response_over_http2_waits_for_a_slow_client() {
    for framework in ["server-axum", "server-hyper", "server-warp"] {
        let sockets = Supplier::one();
        let options = ["keep_alive_grace=50"];
        let Secure { mut server, manager, certificate, folder: _folder } =
            Secure::start(framework, &sockets, &options);
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let stream = certificate.connector(&[b"h2"]).connect("localhost", stream).await;
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut sender = sender.ready().await.unwrap();
        let request = hyper::Request::get("https://localhost/long").body(()).unwrap();
        let (response, _) = sender.send_request(request, true).unwrap();
        let mut body = response.await.unwrap().into_body();
        server.begin_shutdown(&manager);
        // Longer than the grace, and than the answer to the GOAWAY.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut length = 0;
        while let Some(chunk) = body.data().await {
            let chunk = chunk.unwrap();
            length += chunk.len();
            body.flow_control().release_capacity(chunk.len()).unwrap();
        }
        assert_eq!(length, listenfd_tests::app::LONG, "{framework}");
        server.wait_for_end();
    }
}
