//! Stops a program by the events of its supplier.

use std::io;

use listenfd_core::internal::env_var;
use listenfd_core::internal::program_events::{EVENTS_VARIABLE, ReceiverEvents};

/// Asks a program to stop, as its supplier would.
///
/// # Errors
///
/// When the supplier of this process has told of no events, or the system refuses.
pub fn request_stop(pid: u32) -> io::Result<()> {
    let prefix = env_var(EVENTS_VARIABLE).and_then(|prefix| prefix.into_string().ok());
    let prefix = prefix.ok_or_else(|| io::Error::other("the supplier has no events"))?;
    ReceiverEvents::create(&prefix, pid)?.request_stop()
}
