//! A server that listens: its connections from the first to the last, and the steps of its drain.

use std::collections::VecDeque;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use listenfd_core::Peer;
use listenfd_lifecycle::ConnectionInfo;
use listenfd_lifecycle::internal::{Connection, DrainingServer, Keeper, Lifecycle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::accept::{Leftover, Listeners};
use crate::connection::Settings;
use crate::handoff::{self, Batches, IdleConnection, KeptChannel};
use crate::stream::Stream;
use crate::tracking::Activity;

/// Starts the task of a connection. One virtual call for each, so that all else here is compiled once and
/// not for each application.
pub(crate) type Spawn =
    Box<dyn Fn(Stream, &ConnectionInfo, Arc<Activity>, Arc<Settings>) + Send + Sync>;

/// A server that listens.
pub(crate) struct Server {
    pub(crate) lifecycle: Lifecycle,
    spawn: Spawn,
    settings: Arc<Settings>,
    /// Who keeps connections for the next process.
    keeper: Keeper,
    /// Connections of the process before this one that are not served yet.
    taken_over: VecDeque<Connection>,
}

impl Server {
    pub(crate) fn new(
        spawn: Spawn,
        settings: Settings,
        keeper: Keeper,
        taken_over: Vec<Connection>,
    ) -> Self {
        Server {
            lifecycle: Lifecycle::new(),
            spawn,
            settings: Arc::new(settings),
            keeper,
            taken_over: taken_over.into(),
        }
    }

    /// Serves the connections of the process before, then accepts for ever.
    pub(crate) async fn accept_all(
        &mut self,
        listeners: &mut Listeners,
        limit: Option<Arc<Semaphore>>,
    ) {
        while let Some(connection) = self.taken_over.pop_front() {
            // These do not wait for the limit: they would wait for one another. New ones wait for them.
            let permit =
                limit.as_ref().and_then(|limit| Arc::clone(limit).try_acquire_owned().ok());
            self.take_over(connection, permit);
        }
        loop {
            let permit = match &limit {
                // It fails only when the semaphore is closed, and it never is.
                Some(limit) => Arc::clone(limit).acquire_owned().await.ok(),
                None => None,
            };
            let (stream, peer) = listeners.accept().await;
            self.start(stream, peer, permit);
        }
    }

    fn start(&self, stream: Stream, peer: Peer, permit: Option<OwnedSemaphorePermit>) {
        tracing::trace!("accepted {peer}");
        let activity = Activity::new(self.lifecycle.guard(), permit, true);
        self.serve(stream, peer, activity);
    }

    /// Serves a connection of the process before.
    fn take_over(&self, connection: Connection, permit: Option<OwnedSemaphorePermit>) {
        let is_fresh = connection.is_fresh();
        match Stream::taken_over(connection) {
            Ok(stream) if !self.settings.security.allows_plain(&stream) => {
                tracing::debug!("closed a connection of the process before: it is without TLS");
            }
            Ok(stream) => self.resume(IdleConnection { stream, is_fresh }, permit),
            Err(err) => tracing::warn!("cannot serve a connection of the process before: {err}"),
        }
    }

    fn resume(&self, idle: IdleConnection, permit: Option<OwnedSemaphorePermit>) {
        // Without a peer, the client has gone.
        if let Some(peer) = idle.stream.peer() {
            let activity = Activity::new(self.lifecycle.guard(), permit, idle.is_fresh);
            self.serve(idle.stream, peer, activity);
        }
    }

    fn serve(&self, stream: Stream, peer: Peer, activity: Arc<Activity>) {
        let info = ConnectionInfo::new(peer, self.lifecycle.drain_token());
        (self.spawn)(stream, &info, activity, Arc::clone(&self.settings));
    }

    /// Opens the channel to the next process, if there are connections and they are kept.
    pub(crate) async fn open_channel(&self) -> Option<KeptChannel> {
        if self.lifecycle.connections() == 0 && self.taken_over.is_empty() {
            return None;
        }
        let channel = handoff::open_channel(&self.keeper).await?;
        self.lifecycle.set_hands_over(true);
        Some(channel)
    }

    /// Serves connections that no other process would answer: those in the queue of a listener that this
    /// process has bound, and those of the process before it that still wait.
    async fn serve_leftover(&mut self, mut leftover: Leftover) {
        for connection in mem::take(&mut self.taken_over) {
            self.take_over(connection, None);
        }
        while let Some(accepted) = leftover.next() {
            for (stream, peer) in accepted {
                self.start(stream, peer, None);
            }
            // There may be many, and signals and the drain timeout must be noticed meanwhile.
            tokio::task::yield_now().await;
        }
    }

    /// Steps 2 and 3 of a shutdown. `until_cut` ends when the rest is to be cut, and tells why.
    pub(crate) async fn drain(
        mut self,
        channel: Option<KeptChannel>,
        idle: UnboundedReceiver<IdleConnection>,
        leftover: Leftover,
        until_cut: impl Future<Output = &'static str>,
        began: Instant,
    ) {
        let mut until_cut = pin!(until_cut);
        let draining = DrainingServer::begin();
        let mut why = tokio::select! {
            biased;
            () = self.serve_leftover(leftover) => None,
            why = &mut until_cut => Some(why),
        };
        tracing::info!("draining {} connections", self.lifecycle.connections());
        let mut batches = Batches::new(&self.lifecycle, idle, channel);
        if why.is_none() {
            why = tokio::select! {
                biased;
                () = batches.run(|idle| self.resume(idle, None)) => None,
                why = &mut until_cut => Some(why),
            };
        }
        if let Some(why) = why {
            self.cut(why).await;
            if let Some((closed, why)) = batches.finish() {
                tracing::warn!("{closed} connections are closed: {why}");
            }
        }
        if batches.handed_over() > 0 {
            tracing::info!("{} connections handed over", batches.handed_over());
        }
        if batches.waiting() > 0 {
            draining.close_if_process_stays(&self.keeper);
        }
        tracing::info!("drained in {:.3?}", began.elapsed());
    }

    pub(crate) async fn cut(&self, why: &str) {
        tracing::warn!("cutting {} connections: {why}", self.lifecycle.connections());
        self.lifecycle.cut();
        // Their tasks end at once. Upgraded connections belong to the application and may not.
        let _ = tokio::time::timeout(CUT_TIMEOUT, self.lifecycle.finished()).await;
    }
}

/// How long the tasks of cut connections may take to end.
const CUT_TIMEOUT: Duration = Duration::from_millis(50);
