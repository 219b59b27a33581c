//! The life of the server: from the address to the last connection.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use listenfd_core::{Address, Error, Listener};
use listenfd_lifecycle::internal::{Options, Shutdown, announce, listen};
use listenfd_lifecycle::notify;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::Instant;

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
            notify::flush().await;
            return ended;
        }
        () = reload.run() => {}
        () = notify::watchdog() => {}
    }
    // First of all, so that whatever is answered after STOPPING=1 says that it is the last.
    connections.lifecycle().drain();
    notify::stopping();
    let grace = options.keep_alive_grace;
    let drain =
        WorkerDrain { connections: Arc::clone(&connections), handle: server.handle(), grace };
    shut_down(drain, server, &mut shutdown, options.drain_timeout).await;
    tokio::select! {
        biased;
        () = shutdown.requested() => {}
        () = notify::flush() => {}
    }
    Ok(())
}

/// Steps 2 and 3 of a shutdown.
async fn shut_down(
    drain: WorkerDrain,
    mut server: Server,
    shutdown: &mut Shutdown,
    timeout: Duration,
) {
    let began = Instant::now();
    let connections = Arc::clone(&drain.connections);
    let lifecycle = connections.lifecycle();
    let why = tokio::select! {
        biased;
        // It ends when told to.
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
    // The workers drop what they still have, in their threads.
    drop(server);
    let _ = tokio::time::timeout(CUT_TIME, lifecycle.finished()).await;
}

/// What a drain waits for.
struct WorkerDrain {
    connections: Arc<Connections>,
    handle: ServerHandle,
    grace: Duration,
}

impl WorkerDrain {
    /// Runs in a thread of its own, for as long as its result is waited for. The workers are such threads;
    /// the clock of this runtime may be paused (`tokio::time::pause`), and would then be past the timeout
    /// before a worker has done anything.
    async fn on_workers_clock(self: Arc<Self>, timeout: Duration) -> Option<&'static str> {
        let (mut done, result) = oneshot::channel();
        let there = Arc::clone(&self);
        let run = move || {
            let Ok(runtime) = Builder::new_current_thread().enable_time().build() else { return };
            runtime.block_on(async move {
                tokio::select! {
                    biased;
                    () = done.closed() => {}
                    why = there.run(timeout) => drop(done.send(why)),
                }
            });
        };
        // Where there is no thread to be had, `done` is dropped.
        let _ = std::thread::Builder::new().name("drain".into()).spawn(run);
        match result.await {
            Ok(why) => why,
            Err(_) => self.run(timeout).await,
        }
    }

    /// Tells why the rest is to be cut, if there is one.
    async fn run(&self, timeout: Duration) -> Option<&'static str> {
        let drained = tokio::time::timeout(timeout, self.finish()).await;
        drained.map_or(Some("the drain timeout is over"), |()| None)
    }

    /// Ends when every connection has.
    async fn finish(&self) {
        self.handle.pause().await;
        tracing::info!("draining {} connections", self.connections.lifecycle().connections());
        self.until(|connections| Quiet::when(connections.are_settled())).await;
        self.until(|connections| connections.quiet(self.grace)).await;
        // Ends connections that wait for a request, after what it has still to write.
        let stopped = pin!(self.handle.stop(true));
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
            match quiet(&self.connections) {
                Quiet::Now => return,
                Quiet::No => changed.await,
                Quiet::At(at) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(at) => {}
                },
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}
