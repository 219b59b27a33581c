//! The peer: the same filter on warp's own graceful shutdown and the `listenfd` crate, as their
//! documentations have it.

use listenfd_tests::app::{report_ready, warp::app};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = match listenfd::ListenFd::from_env().take_tcp_listener(0)? {
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
    warp::serve(app()).incoming(listener).graceful(shutdown).run().await;
    Ok(())
}
