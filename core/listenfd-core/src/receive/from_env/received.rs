//! What was handed to this process, owned.

use super::launchd::{Job, TakeSockets};
use crate::error::Error;
use crate::handoff::PendingConnections;
use crate::receive::handed::Foreign;
use crate::receive::slot::Slot;

/// What was handed to this process.
#[derive(Debug, Default)]
pub(in crate::receive) struct Received {
    pub(in crate::receive) slots: Vec<Slot>,
    /// Handed connections, which have no slot.
    pub(in crate::receive) connections: PendingConnections,
    /// Variables for another process, if there were any.
    pub(in crate::receive) foreign: Option<Foreign>,
    /// This process as a job of launchd, if it is one and no variable announces sockets.
    pub(in crate::receive) job: Option<Job>,
}

impl Received {
    /// What launchd has for this process, if it is a job of it.
    pub(in crate::receive) fn of_launchd(
        foreign: Option<Foreign>,
        take_sockets: TakeSockets,
    ) -> Result<Self, Error> {
        let (job, slots) = Job::of_this_process(take_sockets)?.unzip();
        let slots = slots.unwrap_or_default();
        Ok(Received { slots, job, foreign, ..Received::default() })
    }
}
