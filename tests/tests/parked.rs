//! A connection that has waited for some seconds is parked: HTTP's buffers are freed, and no client notices.
//!
//! tokio's clock is paused here: time passes as soon as no task can run. So a connection is parked as soon as
//! nothing happens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_listenfd::{ConnectionInfo, ServeOrBind, serve_or_bind_with};
use listenfd_tests::{Certificate, Connection, Folder, request};
use tokio::net::UnixStream;
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

type Body = Full<Bytes>;

const ANY_PORT: &str = "127.0.0.1:0";
/// Longer than a connection waits until it is parked.
const LONG: Duration = Duration::from_secs(10);

/// What the handlers tell the test: bodies that were read to their end after the answer.
type Told = UnboundedSender<Bytes>;

/// Answers with the path and the body. `/early` answers before the body is read, which another task does.
async fn echo(request: Request<Incoming>, told: Told) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let mut answer = head.uri.path().as_bytes().to_vec();
    if head.uri.path() == "/early" {
        tokio::spawn(async move { told.send(body.collect().await.unwrap().to_bytes()) });
    } else {
        answer.extend_from_slice(&body.collect().await?.to_bytes());
    }
    Ok(Response::new(answer.into()))
}

struct Started {
    addr: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    told: tokio::sync::mpsc::UnboundedReceiver<Bytes>,
    /// Each connection has a clone.
    connections: Arc<()>,
}

impl Started {
    async fn connect(&self) -> Connection {
        Connection::open(self.addr.parse().unwrap()).await.unwrap()
    }

    /// Connected, and parked after a request.
    async fn parked(&self) -> Connection {
        let mut client = self.connect().await;
        assert_eq!(client.get("/first").await.unwrap().body, b"/first");
        sleep(LONG).await;
        client
    }
}

async fn start(addr: &str, set: impl FnOnce(ServeOrBind) -> ServeOrBind) -> Started {
    let (stop, stopped) = oneshot::channel();
    let (ready, is_ready) = oneshot::channel();
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let connections = Arc::new(());
    let counted = Arc::clone(&connections);
    let make_service = move |_: &ConnectionInfo| {
        let (tell, counted) = (tell.clone(), Arc::clone(&counted));
        service_fn(move |request: Request<Incoming>| {
            let _counted = &counted;
            echo(request, tell.clone())
        })
    };
    let server = set(serve_or_bind_with(make_service, addr))
        .with_graceful_shutdown(async { drop(stopped.await) })
        .on_ready(|addrs| ready.send(addrs[0].to_string()).unwrap());
    let server = tokio::spawn(server.into_future());
    Started { addr: is_ready.await.unwrap(), stop, server, told, connections }
}

fn same(server: ServeOrBind) -> ServeOrBind {
    server
}

#[tokio::test(start_paused = true)]
async fn it_serves_the_next_request_whenever_that_comes() {
    let server = start(ANY_PORT, same).await;
    let mut client = server.connect().await;
    for number in 0..2000_u64 {
        // Around the moment in which it is parked.
        sleep(Duration::from_micros(2_990_000 + number * 7919 % 20_000)).await;
        let paths = [format!("/{number}"), "/second".to_owned()];
        match number % 4 {
            0 => client.send(&paths.each_ref().map(|path| request(path)).concat()).await.unwrap(),
            which => {
                let text = request(&paths[0]);
                let (first, rest) = text.split_at(which as usize * 2);
                client.send(first).await.unwrap();
                sleep(Duration::from_millis(number % 6000)).await;
                client.send(rest).await.unwrap();
            }
        }
        for path in &paths[..if number % 4 == 0 { 2 } else { 1 }] {
            assert_eq!(client.read_answer().await.unwrap().body, path.as_bytes());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_serves_the_next_request_over_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.path("app.sock");
    let _server = start(&format!("unix:{}", path.display()), same).await;
    let mut client = Connection::new(UnixStream::connect(&path).await.unwrap());
    for _ in 0..10 {
        assert_eq!(client.get("/").await.unwrap().body, b"/");
        sleep(LONG).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_serves_the_next_request_over_tls() {
    let (folder, certificate) = (Folder::new(), Certificate::new());
    let (cert, key) = (folder.path("cert.pem"), folder.path("key.pem"));
    certificate.write(&cert, &key);
    let server = start(ANY_PORT, |server| server.tls(cert, key)).await;
    let mut client = certificate.open(server.addr.parse().unwrap()).await.unwrap();
    for number in 0..200_u64 {
        sleep(Duration::from_micros(2_990_000 + number * 7919 % 20_000)).await;
        let path = format!("/{number}");
        client.send(&(request(&path) + &request("/second"))).await.unwrap();
        for path in [&path, "/second"] {
            assert_eq!(client.read_answer().await.unwrap().body, path.as_bytes());
        }
    }
    let began = Instant::now();
    server.stop.send(()).unwrap();
    client.read_to_end(&mut Vec::new()).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// The server's clock runs, so it parks all the time, while clients on threads of their own send at any time.
#[test]
fn no_byte_is_lost_whenever_it_comes() {
    let (ready, addr) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let server = std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // Time passes fast, but not at once: a client that is slow for a moment has its head's timeout.
            tokio::spawn(async {
                loop {
                    sleep(Duration::from_millis(20)).await;
                }
            });
            let timeout = Duration::from_secs(1_000_000);
            let server = start(ANY_PORT, |server| server.header_read_timeout(timeout)).await;
            ready.send(server.addr.parse::<SocketAddr>().unwrap()).unwrap();
            stopped.await.unwrap();
        });
    });
    let addr = addr.recv().unwrap();
    let clients: Vec<_> =
        (0..4).map(|seed| std::thread::spawn(move || send_at_any_time(addr, seed))).collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    stop.send(()).unwrap();
    server.join().unwrap();
}

fn send_at_any_time(addr: SocketAddr, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut client = TcpStream::connect(addr).unwrap();
    client.set_nodelay(true).unwrap();
    client.set_read_timeout(Some(listenfd_tests::DEADLINE)).unwrap();
    for number in 0..1500 {
        let (mut sent, mut expected) = (String::new(), Vec::new());
        for part in 0..random.u32(1..4) {
            let path = format!("/{number}/{part}");
            let body = "b".repeat(random.usize(0..4).saturating_sub(1) * 9);
            sent += &match body.len() {
                0 => format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"),
                length => {
                    format!(
                        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
                    )
                }
            };
            expected.push(path + &body);
        }
        // In up to three pieces.
        let (one, two) = (random.usize(0..=sent.len()), random.usize(0..=sent.len()));
        for piece in
            [&sent[..one.min(two)], &sent[one.min(two)..one.max(two)], &sent[one.max(two)..]]
        {
            std::thread::sleep(Duration::from_micros(random.u64(0..700)));
            client.write_all(piece.as_bytes()).unwrap();
        }
        for answer in expected {
            read_answer(&mut client, &answer);
        }
    }
}

/// Reads one answer without a byte of the next.
fn read_answer(client: &mut TcpStream, expected: &str) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let mut body = vec![0; expected.len()];
    client.read_exact(&mut body).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_it_at_once_and_answers_a_request_on_its_way() {
    let server = start(ANY_PORT, same).await;
    let (mut idle, mut busy) = (server.parked().await, server.parked().await);
    let began = Instant::now();
    busy.send(&request("/last")).await.unwrap();
    server.stop.send(()).unwrap();
    let answer = busy.read_answer().await.unwrap();
    assert_eq!(answer.body, b"/last");
    idle.wait_for_close().await;
    busy.wait_for_close().await;
    server.server.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_grace() {
    let grace = Duration::from_secs(60);
    let server = start(ANY_PORT, |server| server.keep_alive_grace(grace)).await;
    let (mut idle, mut used) = (server.parked().await, server.parked().await);
    let began = Instant::now();
    server.stop.send(()).unwrap();
    sleep(LONG).await;
    assert_eq!(used.get("/in/time").await.unwrap().body, b"/in/time");
    idle.wait_for_close().await;
    assert!((30..=60).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_time_for_a_head_starts_with_its_first_byte() {
    let server = start(ANY_PORT, same).await;
    let mut client = server.parked().await;
    sleep(LONG).await;
    client.send("GET / HT").await.unwrap();
    let began = Instant::now();
    client.wait_for_close().await;
    assert!((29..=31).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_that_never_sent_anything_has_its_timeout() {
    let server = start(ANY_PORT, same).await;
    let (mut silent, began) = (server.connect().await, Instant::now());
    silent.wait_for_close().await;
    assert!((29..=31).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn half_a_request_that_came_with_the_one_before_is_kept() {
    let server = start(ANY_PORT, same).await;
    let mut client = server.connect().await;
    let second = request("/second");
    let (half, rest) = second.split_at(9);
    client.send(&(request("/first") + half)).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"/first");
    sleep(LONG).await;
    client.send(rest).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"/second");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_after_the_answer_is_read() {
    let mut server = start(ANY_PORT, same).await;
    let mut client = server.parked().await;
    let post = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\none";
    client.send(post).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"/early");
    sleep(LONG * 6).await;
    client.send("two").await.unwrap();
    // hyper tells the application of the body's end with the next request.
    assert_eq!(client.get("/next").await.unwrap().body, b"/next");
    assert_eq!(server.told.recv().await.unwrap(), "onetwo");
}

#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_does_not_end_the_connection() {
    let server = start(ANY_PORT, same).await;
    let mut client = server.parked().await;
    let upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n";
    for request in [upgrade, &request("/chat"), upgrade] {
        client.send(request).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().body, b"/chat");
        sleep(LONG * 6).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_its_client_goes() {
    let server = start(ANY_PORT, same).await;
    let clients = [server.parked().await, server.parked().await];
    assert!(Arc::strong_count(&server.connections) > 2 + 1);
    clients.into_iter().for_each(drop);
    while Arc::strong_count(&server.connections) > 2 {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_timeout_of_hyper_itself_is_kept() {
    let timeout = Duration::from_secs(20);
    let configure = |http: &mut hyper_listenfd::HttpBuilder| {
        http.http1().header_read_timeout(timeout);
    };
    let server = start(ANY_PORT, |server| server.configure(configure)).await;
    let mut client = server.connect().await;
    let began = Instant::now();
    assert_eq!(client.get("/").await.unwrap().body, b"/");
    client.wait_for_close().await;
    assert!((19..=21).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
