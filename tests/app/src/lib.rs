//! The app that the tests restart, in each framework, and the options of its servers.
//!
//! - `/` answers at once, `/slow` after 300 ms.
//! - The body of `/streamed` takes 2 s, of `/endless` for ever; `/events` ends at the drain, and `/long` is a
//!   megabyte.
//! - `/ws` is a WebSocket that stays open, `/ws-goodbye` one that closes at the drain.
//! - `/addr` and `/peer` return the client's address.
//! - `/pages/...` are the pages of `pages.rs`.
//!
//! The axum app has more paths, for the random clients of the tests.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a harness fails by panicking")]

pub mod actix_web;
pub mod axum;
pub mod hyper;
mod pages;
mod path;
pub mod warp;

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use listenfd_lifecycle::DrainToken;

pub use pages::{PAGE_REST, PAGE_START};
pub use path::{CHUNK, CHUNKS, Path};

/// Reports to the test that the server accepts connections, and its addresses.
#[allow(clippy::print_stdout, reason = "it reports to the test")]
pub fn report_ready<A: Display>(addrs: &[A]) {
    let addrs: Vec<_> = addrs.iter().map(ToString::to_string).collect();
    println!("{}", serde_json::json!({ "pid": std::process::id(), "addrs": addrs }));
}

/// The arguments of a test server: `[ADDRESS[,ADDRESS]...] [OPTION=VALUE...]`, times in ms.
#[derive(Debug)]
pub struct Arguments {
    addr: String,
    /// The options.
    pub options: Vec<(String, String)>,
}

impl Arguments {
    /// The arguments of this process. This also starts to log to stderr.
    #[must_use]
    pub fn of_this_process() -> Self {
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
        let mut arguments = Arguments { addr: "127.0.0.1:0".into(), options: Vec::new() };
        for argument in std::env::args().skip(1) {
            match argument.split_once('=') {
                Some((key, value)) => arguments.options.push((key.into(), value.into())),
                None => arguments.addr = argument,
            }
        }
        arguments
    }

    /// The addresses to bind without a supplier.
    #[must_use]
    pub fn addrs(&self) -> Vec<String> {
        self.addr.split(',').map(str::to_owned).collect()
    }

    /// Removes an option and returns its value.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let place = self.options.iter().position(|(found, _)| found == key)?;
        Some(self.options.remove(place).1)
    }
}

/// Sets the options that all frameworks share, on the server of any.
#[macro_export]
macro_rules! set_options {
    ($server:expr, $options:expr) => {{
        let mut server = $server;
        let mut cert = None;
        for (key, value) in $options {
            let number = || value.parse::<u32>().expect("a number");
            let time = || std::time::Duration::from_millis(number().into());
            server = match key.as_str() {
                "name" => server.name(value),
                "drain_timeout" => server.drain_timeout(time()),
                "keep_alive_grace" => server.keep_alive_grace(time()),
                "header_read_timeout" => server.header_read_timeout(time()),
                "max_connections" => server.max_connections(number() as usize),
                "shutdown_after" => server.with_graceful_shutdown(tokio::time::sleep(time())),
                "cert" => {
                    cert = Some(value);
                    server
                }
                "key" => server.tls(cert.take().expect("cert comes before key"), value),
                _ => panic!("no option {key}"),
            };
        }
        server.on_ready($crate::report_ready)
    }};
}

/// The length of the body of `/long`, in bytes.
pub const LONG: usize = 1 << 20;

fn long() -> Vec<u8> {
    vec![b'x'; LONG]
}

type Chunk = Result<Bytes, Infallible>;

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(300)).await;
    "slow"
}

fn streamed() -> impl Stream<Item = Chunk> + Send {
    stream::unfold(0, |sent| async move {
        if sent == CHUNKS {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok(Bytes::from_static(CHUNK.as_bytes())), sent + 1))
    })
}

fn endless() -> impl Stream<Item = Chunk> + Send {
    stream::pending()
}

/// One event at once, and one when the server drains.
fn events(drain: DrainToken) -> impl Stream<Item = Chunk> + Send {
    stream::unfold(0, move |sent| {
        let draining = drain.draining();
        async move {
            match sent {
                0 => Some((Ok(Bytes::from_static(b"data: hello\n\n")), 1)),
                1 => {
                    draining.await;
                    Some((Ok(Bytes::from_static(b"data: goodbye\n\n")), 2))
                }
                _ => None,
            }
        }
    })
}

/// Waits until the server drains; for ever without a token.
async fn goodbye(drain: Option<DrainToken>) {
    match drain {
        Some(drain) => drain.draining().await,
        None => std::future::pending().await,
    }
}
