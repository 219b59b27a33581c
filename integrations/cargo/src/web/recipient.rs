//! Where a connection goes that sends a request.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::reason::Reason;
use crate::page::guard::Guard;
use crate::page::live::Live;
use crate::page::serve::Pages;

/// What all connections have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) reason: Reason,
    pub(super) recipient: watch::Sender<Recipient>,
    pub(super) live: Live,
    pub(super) guard: Guard,
    /// What answers below the reserved path, unless pages get nothing.
    pub(super) pages: Option<Pages>,
    /// How long a request waits for the end of a build.
    pub(super) hold: Duration,
    /// Whether requests wait here during a build, because the program takes connections over.
    pub(super) holds: bool,
}

impl Shared {
    pub(crate) fn new(
        live: Live,
        guard: Guard,
        pages: Option<Pages>,
        hold: Duration,
        holds: bool,
    ) -> Self {
        let recipient = watch::Sender::new(Recipient::Waiting);
        Shared { reason: Reason::default(), recipient, live, guard, pages, hold, holds }
    }

    /// Whether a build runs that is shown.
    pub(super) fn is_building(&self) -> bool {
        *self.recipient.borrow() == Recipient::Building
    }
}

/// Who gets a connection that sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// `cargo devserver`, which answers: no program can run.
    Answering,
    /// The next program, for which a build runs. But `cargo devserver` answers a browser that asks
    /// for a page.
    Building,
    /// The next program.
    Waiting,
    /// The program that was started at this time. It may still ask for connections.
    Started(Instant),
    /// A program that does not ask for connections.
    TakesNone,
}
