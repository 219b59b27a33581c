//! Unix: symbolic links, and the signals that end a process.

use std::io;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

/// How many bytes may be copied: links take none.
pub(in crate::doctor) const ROOM: u64 = 0;

/// Links a file or a folder.
///
/// # Errors
///
/// When the link cannot be made.
pub(in crate::doctor) fn link(from: &Path, to: &Path, _room: &mut u64) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Waits for a signal that ends this process.
///
/// # Errors
///
/// When the system does not tell of signals.
pub(in crate::doctor) async fn interrupted() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
