//! The app that the tests restart, in each framework, and how it is told its options.
//!
//! `/` answers at once, `/slow` after 300 ms, `/streamed` with a body that takes 2 s, `/endless`
//! with one that does not end, `/long` with one of a megabyte, `/events` with one that ends at the drain; `/ws` is a WebSocket that
//! stays, `/ws-goodbye` one that closes at the drain; `/addr` and `/peer` tell who asks. The axum app
//! answers random clients, too: see [`chaos`](crate::chaos).

pub mod actix_web;
pub mod axum;
pub mod hyper;
pub mod warp;

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use listenfd_lifecycle::DrainToken;

use crate::http::{CHUNK, CHUNKS};

/// Tells the test that the server accepts connections, and where.
#[allow(clippy::print_stdout, reason = "it reports to the test")]
pub fn report_ready<A: Display>(addrs: &[A]) {
    let addrs: Vec<_> = addrs.iter().map(ToString::to_string).collect();
    println!("{}", serde_json::json!({ "pid": std::process::id(), "addrs": addrs }));
}

/// What a test server was started with: `[ADDRESS[,ADDRESS]...] [OPTION=VALUE...]`, times
/// in ms.
#[derive(Debug)]
pub struct Arguments {
    addr: String,
    /// The options.
    pub options: Vec<(String, String)>,
}

impl Arguments {
    /// Those of this process, which from here on logs to stderr.
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

    /// Where to bind without a supplier: one address, or several with commas between.
    #[must_use]
    pub fn addrs(&self) -> Vec<String> {
        self.addr.split(',').map(str::to_owned).collect()
    }

    /// Takes an option out.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let place = self.options.iter().position(|(found, _)| found == key)?;
        Some(self.options.remove(place).1)
    }
}

/// Sets the options that all frameworks have in common, on whichever server.
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
        server.on_ready($crate::app::report_ready)
    }};
}

/// How long the body of `/long` is, in bytes.
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

/// An event, and one more when the server drains.
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

/// Ends when the server drains, where there is a token.
async fn goodbye(drain: Option<DrainToken>) {
    match drain {
        Some(drain) => drain.draining().await,
        None => std::future::pending().await,
    }
}
