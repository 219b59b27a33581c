//! In axum.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::{any, get};
use axum_listenfd::{Drain, DrainToken, PeerInfo};

use super::{endless, events, goodbye, long, slow, streamed};

/// What the test servers serve.
pub fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(slow))
        .route("/streamed", get(|| async { Body::from_stream(streamed()) }))
        .route("/long", get(|| async { long() }))
        .route("/endless", get(|| async { Body::from_stream(endless()) }))
        .route("/events", get(|Drain(drain): Drain| async { Body::from_stream(events(drain)) }))
        .route("/ws", any(|ws: WebSocketUpgrade| async { ws.on_upgrade(|ws| talk(ws, None)) }))
        .route("/ws-goodbye", any(ws_goodbye))
        .route("/addr", get(addr))
        .route("/peer", get(peer))
}

async fn ws_goodbye(ws: WebSocketUpgrade, Drain(drain): Drain) -> axum::response::Response {
    ws.on_upgrade(|ws| talk(ws, Some(drain)))
}

async fn talk(mut ws: WebSocket, drain: Option<DrainToken>) {
    tokio::select! {
        _ = ws.recv() => {}
        () = goodbye(drain) => drop(ws.send(Message::Close(None)).await),
    }
}

async fn addr(ConnectInfo(addr): ConnectInfo<std::net::SocketAddr>) -> String {
    addr.to_string()
}

async fn peer(PeerInfo(peer): PeerInfo) -> String {
    format!("{peer:?}")
}
