//! The peer of `server-axum`: the same app on axum's own server and the `listenfd` crate, as in their documentation.

use listenfd_tests::app::{axum::app, report_ready};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = listenfd_benches::listener("127.0.0.1:0").await?;
    let mut terminate = signal(SignalKind::terminate())?;
    report_ready(&[listener.local_addr()?]);
    let shutdown = async move {
        terminate.recv().await;
    };
    axum::serve(listener, app()).with_graceful_shutdown(shutdown).await
}
