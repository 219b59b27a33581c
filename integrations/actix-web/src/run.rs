//! The life of the server: from the address to the last connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::Server;
use listenfd_core::{Address, Error, Listener};
use listenfd_lifecycle::internal::{HandedCopies, Options, Shutdown, announce, listen};
use listenfd_lifecycle::notify;
use tokio::time::Instant;

use crate::connections::Connections;
use crate::drain::WorkerDrain;
use crate::tls::Security;

/// Makes actix-web's server.
pub(crate) type Build =
    Box<dyn FnOnce(Vec<Listener>, &Security, &Options) -> io::Result<Server> + Send>;

/// How long the accepting thread may take to pause: actix-web does not tell when it has. A connection that
/// reaches a worker later would be lost.
const SETTLING_TIME: Duration = Duration::from_millis(50);
/// How long cut connections may take to end.
const CUT_TIMEOUT: Duration = Duration::from_millis(50);

/// Listens, serves until the shutdown is requested, and drains.
pub(crate) async fn run(
    addresses: Result<Vec<Address>, Error>,
    mut options: Options,
    connections: Arc<Connections>,
    build: Build,
) -> io::Result<()> {
    let (security, mut reload) = Security::load(&mut options)?;
    // actix-web cannot serve a connection that another process has accepted. Those are closed.
    let listeners = listen(addresses, &mut options).await?;
    // Before the server, so that it is dropped after it.
    let copies = Arc::new(HandedCopies::of(&listeners));
    let addrs: Vec<_> = listeners.iter().map(Listener::local_addr).collect::<io::Result<_>>()?;
    let mut shutdown = Shutdown::arm(std::mem::take(&mut options.shutdown))?;
    connections.set_settling_time(settling_time(&security, &options));
    let mut server = build(listeners, &security, &options)?;
    if let Poll::Ready(ended) = start(&mut server).await {
        return ended;
    }
    announce(&addrs, &mut options);
    tokio::select! {
        biased;
        () = shutdown.requested() => {}
        ended = &mut server => {
            notify::stopping();
            notify::flush().await;
            return ended;
        }
        () = reload.run() => {}
        () = notify::watchdog() => {}
    }
    // First of all, so that each response after STOPPING=1 says that it is the last.
    connections.lifecycle().drain();
    notify::stopping();
    let drain = WorkerDrain::new(&connections, &copies, server.handle(), options.keep_alive_grace);
    shut_down(drain, &connections, server, &mut shutdown, options.drain_timeout).await;
    shutdown.flush_messages().await;
    Ok(())
}

/// TLS handshakes are not seen from outside, so they get the grace.
fn settling_time(security: &Security, options: &Options) -> Duration {
    match security.has_handshake() {
        true => options.keep_alive_grace.max(SETTLING_TIME),
        false => SETTLING_TIME,
    }
}

/// Polls the server once, which starts the workers. From there on it accepts connections.
async fn start(server: &mut Server) -> Poll<io::Result<()>> {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *server).poll(cx))).await
}

/// Steps 2 and 3 of a shutdown.
async fn shut_down(
    drain: WorkerDrain,
    connections: &Connections,
    mut server: Server,
    shutdown: &mut Shutdown,
    timeout: Duration,
) {
    let began = Instant::now();
    let lifecycle = connections.lifecycle();
    let why = tokio::select! {
        biased;
        // The server ends when it is told to stop.
        _ = &mut server => None,
        why = Arc::new(drain).on_workers_clock(timeout) => why,
        () = shutdown.requested() => Some("shutdown was requested again"),
    };
    match why {
        None => tracing::info!("drained in {:.3?}", began.elapsed()),
        Some(why) => {
            tracing::warn!("cutting {} connections: {why}", lifecycle.connections());
            lifecycle.cut();
        }
    }
    // The workers drop their connections in their own threads.
    drop(server);
    let _ = tokio::time::timeout(CUT_TIMEOUT, lifecycle.finished()).await;
}
