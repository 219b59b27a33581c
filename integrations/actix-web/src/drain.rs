//! The drain of actix-web's workers: pause, wait until every connection is quiet, stop.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use listenfd_lifecycle::internal::HandedCopies;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::connections::{Connections, Quiet};

/// How long to let changes gather before the connections are looked at again.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// A drain of the workers.
pub(crate) struct WorkerDrain {
    connections: Arc<Connections>,
    copies: Arc<HandedCopies>,
    handle: ServerHandle,
    grace: Duration,
}

impl WorkerDrain {
    pub(crate) fn new(
        connections: &Arc<Connections>,
        copies: &Arc<HandedCopies>,
        handle: ServerHandle,
        grace: Duration,
    ) -> Self {
        let (connections, copies) = (Arc::clone(connections), Arc::clone(copies));
        WorkerDrain { connections, copies, handle, grace }
    }

    /// Runs the drain in a thread of its own, until the future is dropped. Returns why the rest is to be cut, if
    /// there is one. The workers are threads with clocks of their own, too. The clock of this runtime may be
    /// paused (`tokio::time::pause`), and would be past the timeout before a worker has done anything.
    pub(crate) async fn on_workers_clock(
        self: Arc<Self>,
        timeout: Duration,
    ) -> Option<&'static str> {
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
        // If no thread can be started, `done` is dropped.
        let _ = std::thread::Builder::new().name("drain".into()).spawn(run);
        match result.await {
            Ok(why) => why,
            Err(_) => self.run(timeout).await,
        }
    }

    /// Returns why the rest is to be cut, if there is one.
    async fn run(&self, timeout: Duration) -> Option<&'static str> {
        let drained = tokio::time::timeout(timeout, self.finish()).await;
        drained.map_or(Some("the drain timeout is over"), |()| None)
    }

    /// Ends when every connection has ended.
    async fn finish(&self) {
        self.handle.pause().await;
        tracing::info!("draining {} connections", self.connections.lifecycle().connections());
        self.until(|connections| Quiet::when(connections.are_settled())).await;
        // They are closed when the workers have stopped. No thread accepts from them any more.
        self.copies.note_closed();
        self.until(|connections| connections.quiet(self.grace)).await;
        // actix-web writes what is left, and ends connections that wait for a request.
        let stopped = pin!(self.handle.stop(true));
        tokio::select! {
            biased;
            () = stopped => {}
            // actix-web itself looks only once a second.
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
