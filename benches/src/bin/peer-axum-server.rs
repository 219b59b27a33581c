//! Another peer of `server-axum`: the same app with axum-server's graceful shutdown and the `listenfd` crate, as in
//! their documentation.

use std::time::Duration;

use axum_server::Handle;
use listenfd_tests::app::{axum::app, report_ready};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = listenfd_benches::listener("127.0.0.1:0").await?.into_std()?;
    let mut terminate = signal(SignalKind::terminate())?;
    report_ready(&[listener.local_addr()?]);
    let handle = Handle::new();
    let shutdown = handle.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        shutdown.graceful_shutdown(Some(Duration::from_secs(30)));
    });
    axum_server::from_tcp(listener)?.handle(handle).serve(app().into_make_service()).await
}
