//! A chat whose visitors hardly notice a restart: the server closes their WebSockets and event streams with a notice,
//! and the page reconnects to the next process.
//!
//! `cargo devserver -p axum-app`, then open http://127.0.0.1:3000/ twice.

mod chat;
mod presence;
mod room;

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use tower_http::services::ServeDir;

use crate::room::Room;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let app = Router::new()
        .route("/chat", any(chat::join))
        .route("/people", get(presence::people))
        .fallback_service(ServeDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("static")))
        .with_state(Room::new());
    axum_listenfd::serve_or_bind(app, "127.0.0.1:3000").drain_timeout(Duration::from_secs(10)).await
}
