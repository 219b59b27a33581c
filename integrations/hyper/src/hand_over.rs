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

/// How long a batch may wait for more.
const LINGER: Duration = Duration::from_millis(5);

/// Puts what the connections' tasks give into the box, until there is no connection left; then the
/// number of those that it took. Calls `refused` with what it does not take.
pub(crate) async fn pack(
    mut out: OutBox,
    given: &mut UnboundedReceiver<Given>,
    lifecycle: &Lifecycle,
    mut refused: impl FnMut(Given),
) -> usize {
    let mut packed = 0;
    loop {
        let batch = next_batch(given, lifecycle).await;
        if batch.is_empty() {
            return packed;
        }
        let fds: Vec<_> =
            batch.iter().map(|given| (given.stream.as_fd(), given.is_fresh)).collect();
        match out.put(&fds).await {
            Ok(()) => packed += batch.len(),
            Err(err) => {
                if lifecycle.set_hands_over(false) {
                    tracing::warn!(
                        "the rest of the connections is drained, not handed over: {err}"
                    );
                }
                batch.into_iter().for_each(&mut refused);
            }
        }
    }
}

/// Waits for the next ones, and a moment for more; empty when there is no connection left.
async fn next_batch(given: &mut UnboundedReceiver<Given>, lifecycle: &Lifecycle) -> Vec<Given> {
    let mut batch = Vec::new();
    tokio::select! {
        biased;
        _ = given.recv_many(&mut batch, OutBox::BATCH) => {}
        () = lifecycle.finished() => {}
    }
    let mut linger = std::pin::pin!(tokio::time::sleep(LINGER));
    while batch.len() < OutBox::BATCH {
        let room = OutBox::BATCH - batch.len();
        tokio::select! {
            biased;
            _ = given.recv_many(&mut batch, room) => {}
            // What the last ones gave has been received above.
            () = lifecycle.finished() => break,
            () = &mut linger => break,
        }
    }
    batch
}
