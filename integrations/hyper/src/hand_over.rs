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

/// Puts what the connections' tasks give into boxes.
pub(crate) struct Packer<'a> {
    lifecycle: &'a Lifecycle,
    given: UnboundedReceiver<Given>,
    /// The last one is filled; none where nobody keeps connections.
    boxes: Vec<Filled>,
    /// What is to be put in next.
    batch: Vec<Given>,
}

/// A box with what was put into it. These are left open until the end: should nobody keep the box
/// then, they are all there is.
struct Filled {
    out: OutBox,
    contents: Vec<Given>,
}

/// How long a batch may wait for more.
const LINGER: Duration = Duration::from_millis(5);

impl<'a> Packer<'a> {
    pub(crate) fn new(
        lifecycle: &'a Lifecycle,
        given: UnboundedReceiver<Given>,
        out: Option<OutBox>,
    ) -> Self {
        let boxes = out.map(|out| Filled { out, contents: Vec::new() });
        Packer { lifecycle, given, boxes: boxes.into_iter().collect(), batch: Vec::new() }
    }

    /// How many were handed over.
    pub(crate) fn packed(&self) -> usize {
        self.boxes.iter().map(|filled| filled.contents.len()).sum()
    }

    /// Works until there is no connection left, and calls `refused` with what cannot be handed over.
    /// Cancel safe: what is not in a box yet is there for [`finish`](Self::finish).
    pub(crate) async fn run(&mut self, mut refused: impl FnMut(Given)) {
        loop {
            self.gather().await;
            let is_last = self.batch.is_empty();
            if !is_last && (self.put() || self.put_elsewhere().await) {
                continue;
            }
            self.take_back();
            if self.batch.is_empty() {
                return;
            }
            if self.lifecycle.hands_over() {
                tracing::warn!("{} connections are drained: nobody keeps them", self.batch.len());
            }
            self.lifecycle.set_hands_over(false);
            self.batch.drain(..).for_each(&mut refused);
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

    /// Puts the batch into the last box; tells whether it is there.
    fn put(&mut self) -> bool {
        let Some(filled) = self.boxes.last_mut() else {
            return false;
        };
        let fds: Vec<_> =
            self.batch.iter().map(|given| (given.stream.as_fd(), given.is_fresh)).collect();
        if filled.out.put(&fds).is_err() {
            return false;
        }
        filled.contents.append(&mut self.batch);
        true
    }

    /// Puts the batch into another box, as the last one is full. Where there is none, nothing is
    /// handed over any more.
    async fn put_elsewhere(&mut self) -> bool {
        let Some(filled) = self.boxes.last().filter(|_| self.lifecycle.hands_over()) else {
            return false;
        };
        if let Some(out) = filled.out.another().await {
            self.boxes.push(Filled { out, contents: Vec::new() });
        }
        self.put()
    }

    /// Takes what is in boxes that nobody keeps back into the batch.
    fn take_back(&mut self) {
        let boxes = std::mem::take(&mut self.boxes);
        let (kept, lost): (Vec<_>, Vec<_>) =
            boxes.into_iter().partition(|filled| filled.out.is_kept());
        self.boxes = kept;
        self.batch.extend(lost.into_iter().flat_map(|filled| filled.contents));
    }
}
