//! The peer: the same app on plain axum and the `listenfd` crate, as their documentations have it.

use listenfd::ListenFd;
use listenfd_tests::app::{axum::app, report_ready};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = match ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)?
        }
        None => TcpListener::bind("127.0.0.1:0").await?,
    };
    let mut terminate = signal(SignalKind::terminate())?;
    report_ready(&[listener.local_addr()?]);
    let shutdown = async move {
        terminate.recv().await;
    };
    axum::serve(listener, app()).with_graceful_shutdown(shutdown).await
}
