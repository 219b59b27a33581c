//! Windows: copies, for a link needs a privilege, and the events of the console.

use std::io;
use std::path::Path;

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};

/// How many bytes may be copied.
pub(in crate::doctor) const ROOM: u64 = 64 << 20;

/// Folders of which no source file is a part.
const NO_SOURCES: [&str; 3] = [".git", "node_modules", "target"];

/// Copies a file, or a folder with all that is in it.
///
/// # Errors
///
/// When it cannot be copied, or there is no more room.
pub(in crate::doctor) fn link(from: &Path, to: &Path, room: &mut u64) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(from)?;
    let is_left_out = || NO_SOURCES.iter().any(|name| from.file_name() == Some(name.as_ref()));
    if metadata.is_symlink() || (metadata.is_dir() && is_left_out()) {
        return Ok(());
    }
    if metadata.is_dir() {
        std::fs::create_dir(to)?;
        for entry in std::fs::read_dir(from)?.flatten() {
            link(&entry.path(), &to.join(entry.file_name()), room)?;
        }
        return Ok(());
    }
    let left = room.checked_sub(metadata.len());
    *room = left.ok_or_else(|| io::Error::other("the package is too large to be copied"))?;
    std::fs::copy(from, to).map(drop)
}

/// Waits for an event that ends this process.
///
/// # Errors
///
/// When the system does not tell of them.
pub(in crate::doctor) async fn interrupted() -> io::Result<()> {
    let (mut interrupt, mut stop, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = stop.recv() => {}
        _ = close.recv() => {}
    }
    Ok(())
}
