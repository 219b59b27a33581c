//! Requests on connections that cannot be given away.

use std::io::{Read, Write};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use listenfd_tests::{
    Certificate, Connection, Folder, PageSocket, Relay, Server, Supplier, request,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use crate::{GIVING, start};

const EVENTS: &str = "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";

/// A server with a certificate.
struct Secure {
    server: Server,
    certificate: Certificate,
    _folder: Folder,
}

fn secure(framework: &str, pages: &PageSocket) -> Secure {
    let (folder, certificate) = (Folder::new(), Certificate::new());
    let server = start_secure(framework, pages, &certificate, &folder, &[]);
    Secure { server, certificate, _folder: folder }
}

fn start_secure(
    framework: &str,
    pages: &PageSocket,
    certificate: &Certificate,
    folder: &Folder,
    options: &[&str],
) -> Server {
    certificate.write(&folder.path("cert.pem"), &folder.path("key.pem"));
    let cert = format!("cert={}", folder.path("cert.pem").display());
    let key = format!("key={}", folder.path("key.pem").display());
    start(framework, &Supplier::one(), pages, &[options, &[&cert, &key]].concat())
}

/// Requests the event stream over HTTP/2. The answer is still to come.
async fn http2_events(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> (http2::SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<Response<Incoming>>>) {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost:1/.devserver/events?a=b");
    let response = sender.send_request(request.body(Empty::new()).unwrap());
    (sender, tokio::spawn(response))
}

/// Answers with one event, and leaves the stream open.
fn send_event(relay: &mut Relay) {
    relay.stream.write_all(EVENTS.as_bytes()).unwrap();
}

/// Waits until the program has ended the relay.
fn wait_for_end(mut relay: Relay) {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = relay.stream.read_to_end(&mut rest);
    assert!(rest.is_empty());
}

async fn http2_events_end_with_the_drain(
    pages: &PageSocket,
    mut server: Server,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) {
    let (_sender, response) = http2_events(stream).await;
    let mut relay = pages.next_relay();
    let expected = "GET /.devserver/events?a=b HTTP/1.0\r\nhost: localhost:1\r\n\
                    connection: close\r\n\r\n";
    assert_eq!((relay.uid.as_str(), relay.head.as_str()), ("-", expected));
    send_event(&mut relay);
    let response = response.await.unwrap().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
    server.child.terminate();
    assert!(body.collect().await.unwrap().to_bytes().is_empty());
    server.wait_for_end();
    wait_for_end(relay);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_over_http2_ends_with_the_drain() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let server = start(framework, &Supplier::one(), &pages, &[]);
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        http2_events_end_with_the_drain(&pages, server, stream).await;

        let Secure { server, certificate, _folder } = secure(framework, &pages);
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let stream = certificate.connector(&[b"h2"]).connect("localhost", stream).await;
        http2_events_end_with_the_drain(&pages, server, stream).await;
    }
}

/// A browser speaks HTTP/1 inside of TLS where a proxy makes it so.
#[tokio::test]
async fn an_event_stream_over_tls_ends_with_the_drain() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let Secure { mut server, certificate, _folder } = secure(framework, &pages);
        let mut client = certificate.open(server.addr()).await.unwrap();
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
        client.send(&request("/.devserver/events")).await.unwrap();
        let mut relay = pages.next_relay();
        send_event(&mut relay);
        client.wait_for_first_byte().await.unwrap();
        server.child.terminate();
        let answer = client.read_answer().await.unwrap();
        assert_eq!(answer.body, b"data: 1\n\n");
        assert!(!answer.keep_alive, "{}", answer.head);
        client.wait_for_close().await;
        server.wait_for_end();
        wait_for_end(relay);
    }
}

/// It is not known where the next head begins.
#[tokio::test]
async fn after_a_request_with_a_body_the_next_one_is_relayed() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let server = start(framework, &Supplier::one(), &pages, &[]);
        let mut client = Connection::open(server.addr()).await.unwrap();
        let post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
        client.send(post).await.unwrap();
        client.read_answer().await.unwrap();
        client.send(&request("/.devserver/state")).await.unwrap();
        pages.next_relay().answer("state");
        let answer = client.read_answer().await.unwrap();
        assert_eq!(answer.body, b"state");
        // It has a known end, so the connection goes on, and is given away the next time.
        assert!(answer.keep_alive, "{}", answer.head);
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
        client.send(&request("/.devserver/state")).await.unwrap();
        pages.next_given().answer("again");
        assert_eq!(client.read_answer().await.unwrap().body, b"again");
    }
}

/// `cargo devserver` would close the connection after the first answer.
#[tokio::test]
async fn with_another_request_behind_it_a_request_is_relayed() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let server = start(framework, &Supplier::one(), &pages, &[]);
        let mut client = Connection::open(server.addr()).await.unwrap();
        client.send(&(request("/.devserver/state") + &request("/"))).await.unwrap();
        pages.next_relay().answer("state");
        assert_eq!(client.read_answer().await.unwrap().body, b"state");
        assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    }
}

#[tokio::test]
async fn the_user_of_a_unix_client_goes_with_a_relay() {
    let (pages, mut sockets, folder) = (PageSocket::new(), Supplier::new(), Folder::new());
    sockets.unix(None, &folder.path("app"));
    let _server = start("server-hyper", &sockets, &pages, &[]);
    let mut client = Connection::new(UnixStream::connect(folder.path("app")).await.unwrap());
    // With an empty line before it, it is not known by its first bytes.
    client.send(&("\r\n".to_owned() + &request("/.devserver/state"))).await.unwrap();
    let relay = pages.next_relay();
    assert_eq!(relay.uid, rustix::process::getuid().as_raw().to_string());
    relay.answer("state");
    assert_eq!(client.read_answer().await.unwrap().body, b"state");
}

/// The devserver gets what the client has sent, and the application nothing.
#[tokio::test]
async fn what_concerns_the_connection_is_not_relayed() {
    let pages = PageSocket::new();
    let server = start("server-axum", &Supplier::one(), &pages, &[]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    client
        .send(
            "\r\nPOST /.devserver/restart HTTP/1.1\r\nHost: a:1\r\nConnection: keep-alive, x-hop\r\n\
             X-Hop: 1\r\nTransfer-Encoding: chunked\r\nX-Devserver-Token: t\r\n\r\n0\r\n\r\n",
        )
        .await
        .unwrap();
    let relay = pages.next_relay();
    let expected = "POST /.devserver/restart HTTP/1.0\r\nhost: a:1\r\nx-devserver-token: t\r\n\
                    connection: close\r\n\r\n";
    assert_eq!(relay.head, expected);
    relay.answer("done");
    assert_eq!(client.read_answer().await.unwrap().body, b"done");
}

/// A page in a laptop that sleeps, for example. All that is left is what it does not take.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_does_not_hold_the_drain() {
    let pages = PageSocket::new();
    let options = ["keep_alive_grace=50"];
    for with_http2 in [true, false] {
        let (folder, certificate) = (Folder::new(), Certificate::new());
        let mut server = match with_http2 {
            true => start("server-axum", &Supplier::one(), &pages, &options),
            false => start_secure("server-axum", &pages, &certificate, &folder, &options),
        };
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let (relay, _open): (_, Box<dyn std::any::Any>) = match with_http2 {
            true => {
                let (sender, response) = http2_events(stream).await;
                let mut relay = pages.next_relay();
                send_event(&mut relay);
                (relay, Box::new((sender, response.await.unwrap().unwrap())))
            }
            false => {
                let mut client = certificate.open(server.addr()).await.unwrap();
                client.send(&request("/.devserver/events")).await.unwrap();
                let mut relay = pages.next_relay();
                send_event(&mut relay);
                (relay, Box::new(client))
            }
        };
        write_until_full(&relay);
        server.child.terminate();
        server.wait_for_end();
    }
}

/// Writes until no one reads any more.
fn write_until_full(relay: &Relay) {
    relay.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let data = [b'x'; 1 << 16];
    while (&relay.stream).write_all(&data).is_ok() {}
}
