//! The peer of `hello-axum`: the same app on `axum::serve`.

use axum::{Router, response::Html, routing::get};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new().route("/", get(|| async { Html("Hello") }));
    let listener = listenfd_benches::listener("0.0.0.0:3000").await?;
    axum::serve(listener, app).await
}
