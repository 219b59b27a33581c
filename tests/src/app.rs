//! The app that the tests restart, and the line it reports when it is ready.

use std::fmt::Display;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::get;
use axum_listenfd::PeerInfo;
use futures_util::stream;

use crate::http::{CHUNK, CHUNKS};

/// Tells the test that the server accepts connections, and where.
#[allow(clippy::print_stdout, reason = "it reports to the test")]
pub fn report_ready<A: Display>(addrs: &[A]) {
    let addrs: Vec<_> = addrs.iter().map(ToString::to_string).collect();
    println!("{}", serde_json::json!({ "pid": std::process::id(), "addrs": addrs }));
}

/// What the test servers serve.
pub fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(slow))
        .route("/streamed", get(streamed))
        .route("/endless", get(|| async { Body::from_stream(stream::pending::<Chunk>()) }))
        .route("/addr", get(addr))
        .route("/peer", get(peer))
}

type Chunk = Result<Bytes, std::convert::Infallible>;

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(300)).await;
    "slow"
}

async fn streamed() -> Body {
    Body::from_stream(stream::unfold(0, |sent| async move {
        if sent == CHUNKS {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Chunk::Ok(Bytes::from_static(CHUNK.as_bytes())), sent + 1))
    }))
}

async fn addr(ConnectInfo(addr): ConnectInfo<std::net::SocketAddr>) -> String {
    addr.to_string()
}

async fn peer(PeerInfo(peer): PeerInfo) -> String {
    format!("{peer:?}")
}
