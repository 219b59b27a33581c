//! Giving connections to the next process: gathered from their tasks, put into the box in batches.

use std::os::fd::AsFd;
use std::time::Duration;

use listenfd_lifecycle::{Lifecycle, OutBox};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Stream;

/// A connection that waits for a request, and is to go to the next process.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) stream: Stream,
    /// Nothing was ever read from it.
    pub(crate) is_fresh: bool,
}

/// Puts what the connections' tasks give into a box.
pub(crate) struct Packer<'a> {
    pub(crate) lifecycle: &'a Lifecycle,
    pub(crate) given: UnboundedReceiver<Given>,
    /// `None` where nobody keeps connections, or not more of them.
    pub(crate) out: Option<OutBox>,
    /// What is to be put in next.
    batch: Vec<Given>,
    /// How many were.
    pub(crate) packed: usize,
}

/// How long a batch may wait for more.
const LINGER: Duration = Duration::from_millis(5);

impl<'a> Packer<'a> {
    pub(crate) fn new(
        lifecycle: &'a Lifecycle,
        given: UnboundedReceiver<Given>,
        out: Option<OutBox>,
    ) -> Self {
        Packer { lifecycle, given, out, batch: Vec::new(), packed: 0 }
    }

    /// Works until there is no connection left, and calls `refused` with what the box does not take.
    /// Cancel safe: what is not in the box yet is there for [`finish`](Self::finish).
    pub(crate) async fn run(&mut self, mut refused: impl FnMut(Given)) {
        loop {
            self.gather().await;
            if self.batch.is_empty() {
                return;
            }
            if !self.put() && !self.put_elsewhere().await {
                self.batch.drain(..).for_each(&mut refused);
            }
        }
    }

    /// Puts in what was given so far, as far as there is room.
    pub(crate) fn finish(&mut self) {
        loop {
            while self.batch.len() < OutBox::BATCH {
                let Ok(given) = self.given.try_recv() else { break };
                self.batch.push(given);
            }
            if self.batch.is_empty() || !self.put() {
                return;
            }
        }
    }

    /// Waits for the next ones, and a moment for more; for none when there is no connection left.
    async fn gather(&mut self) {
        let Packer { lifecycle, given, batch, .. } = self;
        if batch.is_empty() {
            tokio::select! {
                biased;
                _ = given.recv_many(batch, OutBox::BATCH) => {}
                () = lifecycle.finished() => {}
            }
        }
        let mut linger = std::pin::pin!(tokio::time::sleep(LINGER));
        while batch.len() < OutBox::BATCH {
            let room = OutBox::BATCH - batch.len();
            tokio::select! {
                biased;
                _ = given.recv_many(batch, room) => {}
                // What the last ones gave has been received above.
                () = lifecycle.finished() => return,
                () = &mut linger => return,
            }
        }
    }

    /// Puts the batch into the box; tells whether it is there.
    fn put(&mut self) -> bool {
        let fds: Vec<_> =
            self.batch.iter().map(|given| (given.stream.as_fd(), given.is_fresh)).collect();
        let is_in = self.out.as_ref().is_some_and(|out| out.put(&fds).is_ok());
        if is_in {
            self.packed += self.batch.len();
            self.batch.clear();
        }
        is_in
    }

    /// Puts the batch into another box, as the first one is full. Where there is none, nothing is
    /// handed over any more.
    async fn put_elsewhere(&mut self) -> bool {
        if let Some(out) = self.out.take() {
            self.out = out.another().await;
            if self.put() {
                return true;
            }
            self.out = None;
            self.lifecycle.set_hands_over(false);
        }
        false
    }
}
