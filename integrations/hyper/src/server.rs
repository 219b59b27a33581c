//! A server that listens: its connections, from the first to the last.

use std::collections::VecDeque;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use listenfd_core::Peer;
use listenfd_core::internal::Connection;
use listenfd_lifecycle::ConnectionInfo;
use listenfd_lifecycle::internal::{DrainingServer, Keeper, KeptChannel, Lifecycle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::accept::{Leftover, Listeners, Stream};
use crate::connection::Settings;
use crate::handoff::{Batches, IdleConnection, MARK};
use crate::tracking::Activity;

/// Starts the task of a connection. One virtual call a connection, so that the accept loop, and
/// all else here, is compiled once.
pub(crate) type Spawn =
    Box<dyn Fn(Stream, &ConnectionInfo, Arc<Activity>, Arc<Settings>) + Send + Sync>;

/// A server that listens.
pub(crate) struct Server {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) spawn: Spawn,
    pub(crate) settings: Arc<Settings>,
    /// Who keeps connections for the next process.
    pub(crate) keeper: Keeper,
    /// Connections of the process before this one.
    pub(crate) handed: VecDeque<Connection>,
}

impl Server {
    /// Serves the connections that another process has accepted, then accepts for ever.
    pub(crate) async fn accept_all(
        &mut self,
        listeners: &mut Listeners,
        limit: Option<Arc<Semaphore>>,
    ) {
        while let Some(connection) = self.handed.pop_front() {
            // They have been served before, and would wait for one another; new ones wait for them.
            let permit =
                limit.as_ref().and_then(|limit| Arc::clone(limit).try_acquire_owned().ok());
            self.go_on(connection, permit);
        }
        loop {
            let permit = match &limit {
                // It fails only when the semaphore is closed, which nobody does.
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

    /// Serves a connection on that another process has accepted.
    fn go_on(&self, connection: Connection, permit: Option<OwnedSemaphorePermit>) {
        let is_fresh = connection.is_fresh();
        match Stream::taken_over(connection) {
            Ok(stream) if !self.settings.security.allows_plain(&stream) => {
                tracing::debug!("closed a connection without TLS, which there is now");
            }
            Ok(stream) => self.resume(IdleConnection { stream, is_fresh }, permit),
            Err(err) => tracing::warn!("cannot serve a connection on: {err}"),
        }
    }

    fn resume(&self, given: IdleConnection, permit: Option<OwnedSemaphorePermit>) {
        // Without a peer, its client has gone.
        if let Some(peer) = given.stream.peer() {
            let activity = Activity::new(self.lifecycle.guard(), permit, given.is_fresh);
            self.serve(given.stream, peer, activity);
        }
    }

    fn serve(&self, stream: Stream, peer: Peer, activity: Arc<Activity>) {
        let info = ConnectionInfo::new(peer, self.lifecycle.drain_token());
        (self.spawn)(stream, &info, activity, Arc::clone(&self.settings));
    }

    /// The channel to the next process, where connections are kept for it and there are any.
    pub(crate) async fn open_channel(&self) -> Option<KeptChannel> {
        if self.lifecycle.connections() == 0 && self.handed.is_empty() {
            return None;
        }
        let channel = KeptChannel::open(&self.keeper, &MARK).await?;
        self.lifecycle.set_hands_over(true);
        Some(channel)
    }

    /// Starts what nobody else would answer: connections in the queue of a listener that this
    /// process has bound, and those of the process before it that have waited until now.
    async fn start_rest(&mut self, mut rest: Leftover) {
        for connection in mem::take(&mut self.handed) {
            self.go_on(connection, None);
        }
        while let Some(accepted) = rest.next() {
            for (stream, peer) in accepted {
                self.start(stream, peer, None);
            }
            // Signals and the drain timeout are heard, too, however many there are.
            tokio::task::yield_now().await;
        }
    }

    /// Steps 2 and 3 of a shutdown. The end of `hurry` tells why what is left is cut.
    pub(crate) async fn drain(
        mut self,
        channel: Option<KeptChannel>,
        given: UnboundedReceiver<IdleConnection>,
        rest: Leftover,
        hurry: impl Future<Output = &'static str>,
        began: Instant,
    ) {
        let mut hurry = pin!(hurry);
        let draining = DrainingServer::begin();
        let mut why = tokio::select! {
            biased;
            () = self.start_rest(rest) => None,
            why = &mut hurry => Some(why),
        };
        tracing::info!("draining {} connections", self.lifecycle.connections());
        let mut batches = Batches::new(&self.lifecycle, given, channel);
        if why.is_none() {
            why = tokio::select! {
                biased;
                () = batches.run(|given| self.resume(given, None)) => None,
                why = &mut hurry => Some(why),
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
            draining.has_handed_over(&self.keeper);
        }
        tracing::info!("drained in {:.3?}", began.elapsed());
    }

    pub(crate) async fn cut(&self, why: &str) {
        tracing::warn!("cutting {} connections: {why}", self.lifecycle.connections());
        self.lifecycle.cut();
        // Their tasks end at once; what was upgraded belongs to the application and may not.
        let _ = tokio::time::timeout(CUT_TIME, self.lifecycle.finished()).await;
    }
}

/// How long the tasks of cut connections may take to notice.
const CUT_TIME: Duration = Duration::from_millis(50);
