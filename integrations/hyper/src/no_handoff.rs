//! Windows: connections are drained, and not given to the next process. The names are those of `handoff/`.

use std::convert::Infallible;

use listenfd_lifecycle::internal::{Keeper, Lifecycle};
use tokio::sync::mpsc::UnboundedReceiver;

#[path = "handoff/idle_connection.rs"]
mod idle_connection;

pub(crate) use idle_connection::IdleConnection;

/// A channel to the next process: there is none.
#[derive(Debug)]
pub(crate) struct KeptChannel(Infallible);

/// Opens none.
#[allow(clippy::unused_async, reason = "on Unix it waits")]
pub(crate) async fn open_channel(_keeper: &Keeper) -> Option<KeptChannel> {
    None
}

/// The connections that are to go to the next process: there are none.
pub(crate) struct Batches<'a> {
    lifecycle: &'a Lifecycle,
}

impl<'a> Batches<'a> {
    pub(crate) fn new(
        lifecycle: &'a Lifecycle,
        _idle: UnboundedReceiver<IdleConnection>,
        channel: Option<KeptChannel>,
    ) -> Self {
        match channel {
            Some(KeptChannel(never)) => match never {},
            None => Batches { lifecycle },
        }
    }

    /// None.
    pub(crate) fn waiting(&self) -> usize {
        0
    }

    /// None.
    pub(crate) fn handed_over(&self) -> usize {
        0
    }

    /// Ends when there is no connection left. Cancel safe.
    pub(crate) async fn run(&mut self, _refused: impl FnMut(IdleConnection)) {
        self.lifecycle.finished().await;
    }

    /// Closes none.
    pub(crate) fn finish(&mut self) -> Option<(usize, String)> {
        None
    }
}
