//! What differs between file systems and the names in them: identities, times and errors of files,
//! upper and lower case, separators; locks and links.

use std::io;

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::{
    FileState, HOME, IGNORES_CASE, absolute_pattern, file_state, is_gone, is_passing, link_command,
    metadata, newest_change, try_lock, with_case_of_disk, with_slashes,
};

/// The result of removing what may not be there.
///
/// # Errors
///
/// When it is there, and cannot be removed.
pub(crate) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(err) if !is_gone(&err) => Err(err),
        _ => Ok(()),
    }
}
