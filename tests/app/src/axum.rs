//! The app in axum.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, Request};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum_listenfd::{Drain, DrainToken, PeerInfo};

use super::pages::{PageBody, PageRequest};
use super::{endless, events, goodbye, long, slow, streamed};

/// The app of the test servers.
pub fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(slow))
        .route("/streamed", get(|| async { Body::from_stream(streamed()) }))
        .route("/long", get(|| async { long() }))
        .route("/endless", get(|| async { Body::from_stream(endless()) }))
        .route("/events", get(|Drain(drain): Drain| async { Body::from_stream(events(drain)) }))
        .route("/pages/{name}", any(page))
        .route("/ws", any(|ws: WebSocketUpgrade| async { ws.on_upgrade(|ws| talk(ws, None)) }))
        .route("/ws-goodbye", any(ws_goodbye))
        .route("/addr", get(addr))
        .route("/peer", get(peer))
        .route("/repeat/{word}/{count}", get(repeat))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/unread/{word}", post(|Path(word): Path<String>| async { word }))
        .route("/early/{word}", post(early))
}

async fn page(Path(name): Path<String>, request: Request) -> Response {
    let page = PageRequest::new(&name, request.method(), request.headers());
    page.answer().map(|body| match body {
        PageBody::Whole(body) => Body::from(body),
        PageBody::Chunks(chunks) => Body::from_stream(chunks),
    })
}

async fn repeat(Path((word, count)): Path<(String, usize)>) -> String {
    word.repeat(count)
}

/// Answers before it has read the body.
async fn early(Path(word): Path<String>, body: Body) -> String {
    tokio::spawn(axum::body::to_bytes(body, usize::MAX));
    word
}

async fn ws_goodbye(ws: WebSocketUpgrade, Drain(drain): Drain) -> Response {
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
