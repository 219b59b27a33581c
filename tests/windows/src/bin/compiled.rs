//! What the stand-in for cargo makes programs of: a server that answers with the first line of its source. With
//! `crash` there, it panics.

use axum::Router;
use listenfd_test_windows::own_source;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let source = own_source()?;
    let answer = source.lines().next().unwrap_or_default().to_owned();
    assert_ne!(answer, "crash");
    let app = Router::new().fallback(move || async move { answer.clone() });
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
}
