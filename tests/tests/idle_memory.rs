//! The memory of connections that wait. In a program of its own, since it counts all allocations.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "with --nocapture, it tells the figures")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_listenfd::{ConnectionInfo, ServeOrBind, serve_or_bind_with};
use listenfd_tests::{CountingAllocator, eventually, raise_fd_limit};

#[global_allocator]
static MEMORY: CountingAllocator = CountingAllocator::new();

const CONNECTIONS: usize = 1000;
/// What a connection that waits may take.
const LIMIT: usize = 2560;

/// Serves on a thread of its own, for ever.
fn start(server: impl FnOnce() -> ServeOrBind + Send + 'static) -> SocketAddr {
    let (ready, addr) = mpsc::channel();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let server = server().on_ready(move |addrs| ready.send(addrs[0].clone()).unwrap());
        runtime.enable_all().build().unwrap().block_on(server.into_future()).unwrap();
    });
    addr.recv().unwrap().as_inet().unwrap()
}

fn request(client: &mut TcpStream) {
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = Vec::with_capacity(1024);
    while !answer.ends_with(b"hello") {
        let mut bytes = [0; 1024];
        let length = client.read(&mut bytes).unwrap();
        assert!(length > 0, "the connection has ended");
        answer.extend_from_slice(&bytes[..length]);
    }
}

/// How many bytes each connection takes, beyond those in use `before`.
fn each(before: usize) -> usize {
    MEMORY.live().saturating_sub(before) / CONNECTIONS
}

/// The same, when it falls no more.
fn settled(before: usize) -> usize {
    let mut least = each(before);
    loop {
        std::thread::sleep(Duration::from_millis(500));
        match each(before) {
            less if less < least => least = less,
            _ => return least,
        }
    }
}

/// `accepted` tells how many connections the server has. Returns the clients: their end would change what is
/// in use.
fn waits_in_little_memory(addr: SocketAddr, accepted: &AtomicUsize) -> Vec<TcpStream> {
    raise_fd_limit();
    request(&mut TcpStream::connect(addr).unwrap());
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let before = MEMORY.live();
    for _ in 0..CONNECTIONS {
        clients.push(TcpStream::connect(addr).unwrap());
    }
    let is_accepted = || accepted.load(Ordering::Relaxed) == CONNECTIONS + 1;
    eventually("not all are accepted", is_accepted);
    let silent = each(before);
    assert!(silent <= LIMIT, "a silent connection takes {silent} bytes");

    for _ in 0..2 {
        clients.iter_mut().for_each(request);
        assert!(each(before) > 8192, "it is not seen what hyper needs");
        eventually("connections take too much", || each(before) <= LIMIT);
    }
    println!("{silent} bytes a silent connection, {} after a request", settled(before));
    clients
}

#[test]
fn a_connection_that_waits_takes_little_memory() {
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    let addr = start(move || {
        let hello = |_: Request<Incoming>| async {
            Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("hello"))))
        };
        let make_service = move |_: &ConnectionInfo| {
            counter.fetch_add(1, Ordering::Relaxed);
            service_fn(hello)
        };
        serve_or_bind_with(make_service, "127.0.0.1:0")
    });
    let _clients = waits_in_little_memory(addr, &accepted);
    with_axum();
}

/// In the same test: two at a time would count one another's.
fn with_axum() {
    let addr = start(|| {
        axum_listenfd::serve_or_bind(
            Router::new().route("/", get(|| async { "hello" })),
            "127.0.0.1:0",
        )
    });
    raise_fd_limit();
    let mut first = TcpStream::connect(addr).unwrap();
    request(&mut first);
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let before = MEMORY.live();
    for _ in 0..CONNECTIONS {
        let mut client = TcpStream::connect(addr).unwrap();
        request(&mut client);
        clients.push(client);
    }
    eventually("connections take too much", || each(before) <= LIMIT);
    println!("axum: {} bytes after a request", settled(before));
}
