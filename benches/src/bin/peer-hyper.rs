//! The peer of `server-hyper`: the same service with hyper-util's graceful shutdown and the `listenfd` crate, as in
//! their documentation.

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use listenfd_tests::app::{hyper::app, report_ready};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = listenfd_benches::listener("127.0.0.1:0").await?;
    let mut terminate = signal(SignalKind::terminate())?;
    report_ready(&[listener.local_addr()?]);
    let http = auto::Builder::new(TokioExecutor::new());
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let connection =
                    http.serve_connection_with_upgrades(TokioIo::new(stream), service_fn(app));
                let connection = graceful.watch(connection.into_owned());
                tokio::spawn(connection);
            }
            _ = terminate.recv() => break,
        }
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}
