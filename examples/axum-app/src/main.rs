//! A chat whose visitors hardly notice a restart: their WebSockets and event streams are told of it
//! and come back to the next process.
//!
//! `cargo devserver -p axum-app`, then open http://127.0.0.1:3000/ twice.

mod chat;
mod presence;

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use tokio::sync::{broadcast, watch};
use tower_http::services::ServeDir;

/// What the handlers share.
#[derive(Clone)]
struct Room {
    /// What people say, to all of them.
    messages: broadcast::Sender<String>,
    /// How many there are.
    people: watch::Sender<usize>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let room = Room { messages: broadcast::Sender::new(64), people: watch::Sender::new(0) };
    let app = Router::new()
        .route("/chat", any(chat::join))
        .route("/people", get(presence::people))
        .fallback_service(ServeDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("static")))
        .with_state(room);
    axum_listenfd::serve_or_bind(app, "127.0.0.1:3000").drain_timeout(Duration::from_secs(10)).await
}
