//! Where a connection goes that sends a request.

use tokio::sync::watch;
use tokio::time::Instant;

use super::reason::Reason;

/// What all connections have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) reason: Reason,
    pub(super) recipient: watch::Sender<Recipient>,
}

/// Who gets a connection that sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// `cargo devserver`, which answers: no program can run.
    Answering,
    /// The next program.
    Waiting,
    /// The program that was started at this time. It may still ask for connections.
    Started(Instant),
    /// A program that does not ask for connections.
    TakesNone,
}
