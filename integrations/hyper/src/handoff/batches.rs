//! From the connections' tasks into the handoff channel, in batches.

use std::io;
use std::os::fd::AsFd;
use std::task::Poll;
use std::time::Duration;

use listenfd_lifecycle::internal::{KeptChannel, Lifecycle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::idle_connection::IdleConnection;

/// Puts what the connections' tasks give into channels.
pub(crate) struct Batches<'a> {
    lifecycle: &'a Lifecycle,
    given: UnboundedReceiver<IdleConnection>,
    /// The last one is sent; none where nobody keeps connections.
    channels: Vec<SentChannel>,
    /// What is to be put in next.
    batch: Vec<IdleConnection>,
    /// How many the next process has taken already.
    taken: usize,
}

/// A box with what was put into it. These are left open until the end: what is lost with the box then
/// is served on here. But nothing that the next process may have.
struct SentChannel {
    channel: KeptChannel,
    /// Each as it was put in.
    batches: Vec<Vec<IdleConnection>>,
}

impl SentChannel {
    fn new(channel: KeptChannel) -> Self {
        SentChannel { channel, batches: Vec::new() }
    }

    fn len(&self) -> usize {
        self.batches.iter().map(Vec::len).sum()
    }
}

/// How long a batch may wait for more.
const LINGER: Duration = Duration::from_millis(5);

impl<'a> Batches<'a> {
    pub(crate) fn new(
        lifecycle: &'a Lifecycle,
        given: UnboundedReceiver<IdleConnection>,
        channel: Option<KeptChannel>,
    ) -> Self {
        let channels = channel.map(SentChannel::new).into_iter().collect();
        Batches { lifecycle, given, channels, batch: Vec::new(), taken: 0 }
    }

    /// How many wait for the next process.
    pub(crate) fn waiting(&self) -> usize {
        self.channels.iter().map(SentChannel::len).sum()
    }

    /// How many the next process has, or will have.
    pub(crate) fn handed_over(&self) -> usize {
        self.taken + self.waiting()
    }

    /// Works until there is no connection left, and calls `refused` with what cannot be handed over.
    /// Cancel safe: what is not sent yet is there for [`finish`](Self::finish).
    pub(crate) async fn run(&mut self, mut refused: impl FnMut(IdleConnection)) {
        loop {
            let is_last = self.gather().await;
            let put = match self.batch.is_empty() {
                true => Ok(()),
                false => self.put_somewhere().await,
            };
            if is_last {
                self.settle().await;
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
                tracing::warn!("{number} connections are drained: {}", why(put.err()));
            }
            self.lifecycle.set_hands_over(false);
            self.batch.drain(..).for_each(&mut refused);
        }
    }

    /// Puts in what was given so far, as far as there is room. The rest is closed: tells how many those
    /// are, and why.
    pub(crate) fn finish(&mut self) -> Option<(usize, String)> {
        let mut put = Ok(());
        while put.is_ok() {
            while self.batch.len() < KeptChannel::BATCH {
                let Ok(given) = self.given.try_recv() else { break };
                self.batch.push(given);
            }
            if self.batch.is_empty() {
                break;
            }
            put = self.put();
        }
        self.take_back();
        let closed = std::mem::take(&mut self.batch).len() + self.given.len();
        (closed > 0).then(|| (closed, why(put.err())))
    }

    /// Waits for the next ones, and a moment for more, or for an update of a channel. Tells whether there is no
    /// connection left; what the last ones gave is in the batch.
    async fn gather(&mut self) -> bool {
        let Batches { lifecycle, given, batch, channels, .. } = self;
        let mut update = std::pin::pin!(std::future::poll_fn(|cx| {
            match channels.iter().any(|sent| sent.channel.poll_update(cx).is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }));
        if batch.is_empty() {
            tokio::select! {
                biased;
                _ = given.recv_many(batch, KeptChannel::BATCH) => {}
                () = lifecycle.finished() => {}
                () = &mut update => return false,
            }
        }
        let mut linger = std::pin::pin!(tokio::time::sleep(LINGER));
        while batch.len() < KeptChannel::BATCH {
            let room = KeptChannel::BATCH - batch.len();
            tokio::select! {
                biased;
                _ = given.recv_many(batch, room) => {}
                // What the last ones gave has been received above.
                () = lifecycle.finished() => return batch.is_empty(),
                () = &mut linger => return false,
            }
        }
        false
    }

    /// Puts the batch into the last box.
    fn put(&mut self) -> io::Result<()> {
        let Some(sent) = self.channels.last_mut() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let fds: Vec<_> =
            self.batch.iter().map(|given| (given.stream.as_fd(), given.is_fresh)).collect();
        sent.channel.send(&fds)?;
        sent.batches.push(std::mem::take(&mut self.batch));
        Ok(())
    }

    /// Puts the batch into the last box, or into another one where that is full.
    async fn put_somewhere(&mut self) -> io::Result<()> {
        let Err(err) = self.put() else { return Ok(()) };
        let is_full = err.kind() == io::ErrorKind::WouldBlock;
        let sent = self.channels.last().filter(|_| is_full && self.lifecycle.hands_over());
        let Some(sent) = sent else { return Err(err) };
        let Some(channel) = sent.channel.another().await else { return Err(err) };
        self.channels.push(SentChannel::new(channel));
        self.put()
    }

    async fn settle(&self) {
        if let Some(sent) = self.channels.last() {
            sent.channel.settle().await;
        }
        for sent in &self.channels {
            sent.channel.resolve().await;
        }
    }

    /// Takes what nobody will get back into the batch: what was in channels that somebody has lost, or
    /// was put into one after the next process had emptied that.
    fn take_back(&mut self) {
        for sent in std::mem::take(&mut self.channels) {
            let Some(taken) = sent.channel.acked() else {
                self.channels.push(sent);
                continue;
            };
            for (number, batch) in sent.batches.into_iter().enumerate() {
                if taken.contains(number) {
                    self.taken += batch.len();
                } else {
                    self.batch.extend(batch);
                }
            }
        }
    }
}

fn why(err: Option<io::Error>) -> String {
    let lost = "nobody keeps them any more";
    err.map_or(lost.into(), |err| match err.kind() {
        io::ErrorKind::BrokenPipe => lost.into(),
        io::ErrorKind::WouldBlock => "there is no room for them".into(),
        _ => err.to_string(),
    })
}
