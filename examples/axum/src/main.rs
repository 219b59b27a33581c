//! `cargo devserver -p hello-axum`, or without the supplier.

use axum::{Router, response::Html, routing::get};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new().route("/", get(|| async { Html("Hello") }));
    axum_listenfd::serve_or_bind(app, "0.0.0.0:3000").await
}
