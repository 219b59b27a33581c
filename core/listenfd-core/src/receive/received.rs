//! What was handed to this process, owned.

use super::handed::Foreign;
use super::launchd::{Job, TakeSockets};
use super::slot::Slot;
use crate::error::Error;
use crate::handoff::PendingConnections;

/// What was handed to this process.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) slots: Vec<Slot>,
    /// Handed connections, which have no slot.
    pub(super) connections: PendingConnections,
    /// Variables for another process, if there were any.
    pub(super) foreign: Option<Foreign>,
    /// This process as a job of launchd, if it is one and no variable announces sockets.
    pub(super) job: Option<Job>,
}

impl Received {
    /// What launchd has for this process, if it is a job of it.
    pub(super) fn of_launchd(
        foreign: Option<Foreign>,
        take_sockets: TakeSockets,
    ) -> Result<Self, Error> {
        let (job, slots) = Job::of_this_process(take_sockets)?.unzip();
        let slots = slots.unwrap_or_default();
        Ok(Received { slots, job, foreign, ..Received::default() })
    }
}
