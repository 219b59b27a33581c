//! The life of the server: from the address to the last connection.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use actix_web::dev::{Server, ServerHandle};
use listenfd_core::{Address, Error, Listener};
use listenfd_lifecycle::{Options, Shutdown, announce, listen, notify};

use crate::connections::{Connections, Quiet};
use crate::tls::Security;

/// Makes the server of actix-web.
pub(crate) type Build =
    Box<dyn FnOnce(Vec<Listener>, &Security, &Options) -> io::Result<Server> + Send>;

/// How long the accepting thread may take to pause: nothing tells when it has. A connection that
/// reaches a worker later would be lost.
const SETTLING_TIME: Duration = Duration::from_millis(50);
/// How long to let changes gather before the connections are looked at again.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);
/// How long cut connections may take to end.
const CUT_TIME: Duration = Duration::from_millis(50);

pub(crate) async fn run(
    addresses: Result<Vec<Address>, Error>,
    mut options: Options,
    connections: Arc<Connections>,
    build: Build,
) -> io::Result<()> {
    let (security, mut reload) = Security::load(&mut options)?;
    // It has no way to serve a connection that another process has accepted; those are closed.
    let listeners = listen(addresses, &mut options).await?;
    let addrs: Vec<_> = listeners.iter().map(Listener::local_addr).collect::<io::Result<_>>()?;
    let mut shutdown = Shutdown::arm(std::mem::take(&mut options.shutdown))?;
    connections.set_settling_time(match security.has_handshake() {
        true => options.keep_alive_grace.max(SETTLING_TIME),
        false => SETTLING_TIME,
    });
    let mut server = build(listeners, &security, &options)?;
    // The first poll starts the workers; from there on connections are accepted.
    if let Poll::Ready(ended) =
        std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut server).poll(cx))).await
    {
        return ended;
    }
    announce(&addrs, &mut options);
    tokio::select! {
        biased;
        () = shutdown.requested() => {}
        ended = &mut server => {
            notify::stopping();
            return ended;
        }
        () = reload.run() => {}
        () = notify::watchdog() => {}
    }
    // First of all, so that whatever is answered after STOPPING=1 says that it is the last.
    connections.lifecycle().drain();
    notify::stopping();
    let drain = Drain { connections: &connections, grace: options.keep_alive_grace };
    drain.run(server, &mut shutdown, options.drain_timeout).await;
    Ok(())
}

/// The three steps of a shutdown.
struct Drain<'a> {
    connections: &'a Connections,
    grace: Duration,
}

impl Drain<'_> {
    async fn run(&self, mut server: Server, shutdown: &mut Shutdown, timeout: Duration) {
        let began = Instant::now();
        let lifecycle = self.connections.lifecycle();
        let handle = server.handle();
        let why = tokio::select! {
            biased;
            // It ends when told to, below.
            _ = &mut server => None,
            () = self.finish(&handle) => None,
            () = shutdown.requested() => Some("shutdown was asked for again"),
            () = tokio::time::sleep(timeout) => Some("the drain timeout is over"),
        };
        match why {
            None => tracing::info!("drained in {:.3?}", began.elapsed()),
            Some(why) => {
                tracing::warn!("cutting {} connections: {why}", lifecycle.connections());
                lifecycle.cut();
            }
        }
        // The workers drop what they still have, in their threads.
        drop(server);
        let _ = tokio::time::timeout(CUT_TIME, lifecycle.finished()).await;
    }

    /// Ends when every connection has.
    async fn finish(&self, handle: &ServerHandle) {
        handle.pause().await;
        tracing::info!("draining {} connections", self.connections.lifecycle().connections());
        self.until(|connections| Quiet::when(connections.are_settled())).await;
        self.until(|connections| connections.quiet(self.grace)).await;
        // Ends connections that wait for a request, after what it has still to write.
        let stopped = pin!(handle.stop(true));
        tokio::select! {
            biased;
            () = stopped => {}
            // actix-web itself looks once a second.
            () = self.until(|connections| Quiet::when(!connections.any_ends_by_itself())) => {}
        }
    }

    async fn until(&self, quiet: impl Fn(&Connections) -> Quiet) {
        loop {
            let mut changed = pin!(self.connections.changed());
            // Registered before the look, so that no change is missed.
            changed.as_mut().enable();
            match quiet(self.connections) {
                Quiet::Now => return,
                Quiet::No => changed.await,
                Quiet::At(at) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(at.into()) => {}
                },
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}
