//! On Windows, connections do not travel to the next process, so each one is drained. The names are those of
//! `handoff/`.

use std::time::Duration;

use crate::address::Address;

/// Whether connections can be handed to the next process.
pub const CAN_HAND_OVER: bool = false;

/// Not waited for here: there are no handed connections.
pub(crate) const CLAIM_TIMEOUT: Duration = Duration::ZERO;

/// Connections that were handed over: none.
#[derive(Debug, Default)]
pub(crate) struct TakenOver;

impl Drop for TakenOver {
    /// Where there are connections, this closes them.
    fn drop(&mut self) {}
}

/// The handed connections that no server of this process has taken yet: none.
#[derive(Debug, Default)]
pub(crate) struct PendingConnections;

impl PendingConnections {
    pub(crate) fn take(&mut self, _addrs: &[Address]) -> TakenOver {
        TakenOver
    }

    pub(crate) fn has_any(&self) -> bool {
        false
    }

    pub(crate) fn close(&mut self) -> usize {
        0
    }
}
