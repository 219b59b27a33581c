//! The peer of `server-warp`: the same filter with warp's own graceful shutdown and the `listenfd` crate, as in
//! their documentation.

use listenfd_tests::app::{report_ready, warp::app};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = listenfd_benches::listener("127.0.0.1:0").await?;
    let mut terminate = signal(SignalKind::terminate())?;
    report_ready(&[listener.local_addr()?]);
    let shutdown = async move {
        terminate.recv().await;
    };
    warp::serve(app()).incoming(listener).graceful(shutdown).run().await;
    Ok(())
}
