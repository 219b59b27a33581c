//! A handoff channel, with the connections that were sent into it.

use std::io;
use std::os::fd::AsFd;

use listenfd_core::internal::Acked;
use listenfd_lifecycle::internal::KeptChannel;

use super::idle_connection::IdleConnection;

/// A handoff channel, with the connections that were sent into it. They stay open here until the end: if the
/// channel is lost, this process serves them on. It never touches those that the next process may have.
pub(super) struct SentChannel {
    pub(super) channel: KeptChannel,
    batches: Vec<Vec<IdleConnection>>,
}

/// A channel whose connections are accounted for.
pub(super) struct Settled {
    /// How many the next process has taken.
    pub(super) taken: usize,
    /// No process will take these.
    pub(super) returned: Vec<IdleConnection>,
}

impl SentChannel {
    pub(super) fn new(channel: KeptChannel) -> Self {
        SentChannel { channel, batches: Vec::new() }
    }

    /// How many connections were sent.
    pub(super) fn len(&self) -> usize {
        self.batches.iter().map(Vec::len).sum()
    }

    /// Sends the batch and empties it, or leaves it as it is.
    pub(super) fn send(&mut self, batch: &mut Vec<IdleConnection>) -> io::Result<()> {
        let fds: Vec<_> = batch.iter().map(|idle| (idle.stream.as_fd(), idle.is_fresh)).collect();
        self.channel.send(&fds)?;
        self.batches.push(std::mem::take(batch));
        Ok(())
    }

    /// Tells the connections that were taken from those that no process will take.
    pub(super) fn settle(self, acked: &Acked) -> Settled {
        let mut settled = Settled { taken: 0, returned: Vec::new() };
        for (number, batch) in self.batches.into_iter().enumerate() {
            if acked.contains(number) {
                settled.taken += batch.len();
            } else {
                settled.returned.extend(batch);
            }
        }
        settled
    }
}
