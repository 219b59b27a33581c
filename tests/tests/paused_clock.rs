//! Servers under tokio's paused clock (`#[tokio::test(start_paused = true)]`). Applications use it to test
//! long timeouts: time passes as soon as no task can run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_listenfd::{Address, ServeOrBind};
use listenfd_tests::{Connection, get, request};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use warp::Filter;

const ANY_PORT: &str = "127.0.0.1:0";
const HOUR: Duration = Duration::from_secs(3600);

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(40)).await;
    "slow"
}

/// A limit for the CPU time of this thread, and so of its runtime.
struct CpuTime {
    before: Duration,
}

impl CpuTime {
    fn start() -> Self {
        CpuTime { before: CpuTime::now() }
    }

    fn now() -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap())
    }

    #[track_caller]
    fn assert_little(&self) {
        let spent = CpuTime::now() - self.before;
        assert!(spent < Duration::from_secs(2), "the runtime was busy for {spent:?}");
    }
}

struct Started {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

async fn start(server: ServeOrBind) -> Started {
    let (stop, stopped) = oneshot::channel();
    let (ready, addr) = oneshot::channel();
    let server = server
        .with_graceful_shutdown(async { drop(stopped.await) })
        .on_ready(|addrs| ready.send(addrs[0].clone()).unwrap());
    let server = tokio::spawn(server.into_future());
    let addr = addr.await.unwrap().as_inet().unwrap();
    Started { addr, stop, server }
}

#[track_caller]
fn assert_took(since: Instant, seconds: Range<u64>) {
    let took = since.elapsed();
    assert!(seconds.contains(&took.as_secs()), "{took:?} instead of {seconds:?} seconds");
}

/// A request of 40 s, the timeouts of a connection, and a drain take the times that the options say, and no
/// real time.
async fn takes_no_real_time(server: ServeOrBind) {
    let cpu = CpuTime::start();
    let Started { addr, stop, server } = start(server.drain_timeout(HOUR)).await;
    let began = Instant::now();
    assert_eq!(get(addr, "/").await.unwrap().body, b"slow");
    assert_took(began, 40..41);

    let (mut silent, began) = (Connection::open(addr).await.unwrap(), Instant::now());
    silent.wait_for_close().await;
    assert_took(began, 30..31);

    let mut busy = Connection::open(addr).await.unwrap();
    busy.send(&request("/")).await.unwrap();
    let mut fresh = Connection::open(addr).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let began = Instant::now();
    stop.send(()).unwrap();
    fresh.wait_for_close().await;
    assert_took(began, 0..2);
    assert_eq!(busy.read_answer().await.unwrap().body, b"slow");
    server.await.unwrap().unwrap();
    assert_took(began, 39..41);
    cpu.assert_little();
}

#[tokio::test(start_paused = true)]
async fn hyper_uses_the_paused_clock() {
    let hello = service_fn(|_| async {
        Ok::<_, Infallible>(hyper::Response::new(slow().await.to_owned()))
    });
    takes_no_real_time(hyper_listenfd::serve_or_bind(hello, ANY_PORT)).await;
}

#[tokio::test(start_paused = true)]
async fn axum_uses_the_paused_clock() {
    let app = axum::Router::new().route("/", axum::routing::get(slow));
    takes_no_real_time(axum_listenfd::serve_or_bind(app, ANY_PORT)).await;
}

#[tokio::test(start_paused = true)]
async fn warp_uses_the_paused_clock() {
    let app = warp::any().then(slow);
    takes_no_real_time(warp_listenfd::serve_or_bind(app, ANY_PORT)).await;
}

/// Its workers are threads with clocks of their own. The drain must wait for them by their clocks.
#[tokio::test(start_paused = true)]
async fn actix_web_waits_for_a_request_in_flight() {
    let cpu = CpuTime::start();
    let (begun, has_begun) = oneshot::channel();
    let begun = Arc::new(Mutex::new(Some(begun)));
    let slow = move || {
        begun.lock().unwrap().take().into_iter().for_each(|begun| begun.send(()).unwrap());
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        }
    };
    let make_app = move || actix_web::App::new().route("/", actix_web::web::get().to(slow.clone()));
    let (ready, addr) = oneshot::channel::<Address>();
    let client = std::thread::spawn(move || {
        let addr = addr.blocking_recv().unwrap().as_inet().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut client = Connection::open(addr).await.unwrap();
            let body = client.get("/").await.map(|answer| answer.body);
            assert_eq!(body.unwrap(), b"slow");
            client.wait_for_close().await;
        });
    });
    actix_web_listenfd::serve_or_bind(make_app, ANY_PORT)
        .configure(|server| server.workers(1))
        .on_ready(|addrs| ready.send(addrs[0].clone()).unwrap())
        .with_graceful_shutdown(async { has_begun.await.unwrap() })
        .await
        .unwrap();
    client.join().unwrap();
    cpu.assert_little();
}
