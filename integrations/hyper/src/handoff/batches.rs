//! From the connections' tasks into the handoff channel, in batches.

use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use listenfd_lifecycle::internal::{KeptChannel, Lifecycle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::idle_connection::IdleConnection;
use super::sent_channel::SentChannel;

/// Gathers connections from their tasks, and sends them to the next process.
pub(crate) struct Batches<'a> {
    lifecycle: &'a Lifecycle,
    idle: UnboundedReceiver<IdleConnection>,
    /// New batches go into the last one. There is none if connections are not kept.
    channels: Vec<SentChannel>,
    /// The connections that are sent next.
    batch: Vec<IdleConnection>,
    /// How many the next process has taken already.
    taken: usize,
}

/// How long a batch may wait for more connections.
const GATHER_TIME: Duration = Duration::from_millis(5);

impl<'a> Batches<'a> {
    pub(crate) fn new(
        lifecycle: &'a Lifecycle,
        idle: UnboundedReceiver<IdleConnection>,
        channel: Option<KeptChannel>,
    ) -> Self {
        let channels = channel.map(SentChannel::new).into_iter().collect();
        Batches { lifecycle, idle, channels, batch: Vec::new(), taken: 0 }
    }

    /// How many connections wait for the next process.
    pub(crate) fn waiting(&self) -> usize {
        self.channels.iter().map(SentChannel::len).sum()
    }

    /// How many connections the next process has, or will have.
    pub(crate) fn handed_over(&self) -> usize {
        self.taken + self.waiting()
    }

    /// Works until there is no connection left, and calls `refused` with those that cannot be handed over.
    /// Cancel safe: connections that are not sent yet are there for [`finish`](Self::finish).
    pub(crate) async fn run(&mut self, mut refused: impl FnMut(IdleConnection)) {
        loop {
            let is_last = self.gather().await;
            let sent = match self.batch.is_empty() {
                true => Ok(()),
                false => self.send().await,
            };
            if is_last {
                self.resolve().await;
            }
            self.take_back();
            if self.batch.is_empty() {
                match is_last {
                    true => return,
                    false => continue,
                }
            }
            if self.lifecycle.hands_over() {
                let number = self.batch.len();
                tracing::warn!("{number} connections are drained: {}", why(sent.err()));
            }
            self.lifecycle.set_hands_over(false);
            self.batch.drain(..).for_each(&mut refused);
        }
    }

    /// Sends the connections that have come so far, as far as there is room, and closes the rest. Returns how
    /// many it has closed, and why.
    pub(crate) fn finish(&mut self) -> Option<(usize, String)> {
        let mut sent = Ok(());
        while sent.is_ok() {
            while self.batch.len() < KeptChannel::BATCH {
                let Ok(idle) = self.idle.try_recv() else { break };
                self.batch.push(idle);
            }
            if self.batch.is_empty() {
                break;
            }
            sent = self.send_into_last();
        }
        self.take_back();
        let closed = std::mem::take(&mut self.batch).len() + self.idle.len();
        (closed > 0).then(|| (closed, why(sent.err())))
    }

    /// Waits for the next connections, and a moment for more, or for an update of a channel. Returns whether
    /// there is no connection left; the last ones are in the batch then.
    async fn gather(&mut self) -> bool {
        let Batches { lifecycle, idle, batch, channels, .. } = self;
        let mut update = pin!(std::future::poll_fn(|cx| {
            match channels.iter().any(|sent| sent.channel.poll_update(cx).is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }));
        if batch.is_empty() {
            tokio::select! {
                biased;
                _ = idle.recv_many(batch, KeptChannel::BATCH) => {}
                () = lifecycle.finished() => {}
                () = &mut update => return false,
            }
        }
        let mut gathered = pin!(tokio::time::sleep(GATHER_TIME));
        while batch.len() < KeptChannel::BATCH {
            let room = KeptChannel::BATCH - batch.len();
            tokio::select! {
                biased;
                _ = idle.recv_many(batch, room) => {}
                // The last connections have been received above.
                () = lifecycle.finished() => return batch.is_empty(),
                () = &mut gathered => return false,
            }
        }
        false
    }

    /// Sends the batch into the last channel, or into another one where that is full.
    async fn send(&mut self) -> io::Result<()> {
        let Err(err) = self.send_into_last() else { return Ok(()) };
        let is_full = err.kind() == io::ErrorKind::WouldBlock;
        let sent = self.channels.last().filter(|_| is_full && self.lifecycle.hands_over());
        let Some(sent) = sent else { return Err(err) };
        let Some(channel) = sent.channel.another().await else { return Err(err) };
        self.channels.push(SentChannel::new(channel));
        self.send_into_last()
    }

    fn send_into_last(&mut self) -> io::Result<()> {
        match self.channels.last_mut() {
            Some(channel) => channel.send(&mut self.batch),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits until it is certain which connections were taken.
    async fn resolve(&self) {
        if let Some(sent) = self.channels.last() {
            sent.channel.settle().await;
        }
        for sent in &self.channels {
            sent.channel.resolve().await;
        }
    }

    /// Takes connections back into the batch that no process will take: their channel was lost, or they were
    /// sent into it after the next process had emptied it.
    fn take_back(&mut self) {
        for sent in std::mem::take(&mut self.channels) {
            match sent.channel.acked() {
                Some(acked) => {
                    let settled = sent.settle(&acked);
                    self.taken += settled.taken;
                    self.batch.extend(settled.returned);
                }
                None => self.channels.push(sent),
            }
        }
    }
}

fn why(err: Option<io::Error>) -> String {
    let lost = "they are not kept any more";
    err.map_or(lost.into(), |err| match err.kind() {
        io::ErrorKind::BrokenPipe => lost.into(),
        io::ErrorKind::WouldBlock => "there is no room for them".into(),
        _ => err.to_string(),
    })
}
