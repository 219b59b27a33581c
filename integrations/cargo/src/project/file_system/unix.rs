//! Unix: inodes, and any byte but `/` in a name.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The variable with the user's folder.
pub(crate) const HOME: &str = "HOME";

/// Whether patterns match names in upper and lower case alike.
pub(crate) const IGNORES_CASE: bool = false;

/// The metadata of a file or folder, and its inode, which differs from those of all others on its
/// file system.
///
/// # Errors
///
/// When it cannot be seen.
pub(crate) fn metadata(path: &Path) -> io::Result<(Metadata, u64)> {
    let metadata = std::fs::metadata(path)?;
    let inode = metadata.ino();
    Ok((metadata, inode))
}

/// When a file was written, or moved into its place: seconds and nanoseconds since 1970.
///
/// # Errors
///
/// When it cannot be seen.
pub(crate) fn newest_change(file: &Path) -> io::Result<(i64, i64)> {
    let metadata = std::fs::metadata(file)?;
    let written = (metadata.mtime(), metadata.mtime_nsec());
    Ok(written.max((metadata.ctime(), metadata.ctime_nsec())))
}

/// All that tells whether a file is as it was: what it is, its length, and its times.
pub(crate) type FileState = (u64, u64, u64, [i64; 4]);

/// The state of a file or folder; `None` if there is none.
///
/// # Errors
///
/// When it cannot be seen.
pub(crate) fn file_state(path: &Path) -> io::Result<Option<FileState>> {
    let it = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(err) if is_gone(&err) => return Ok(None),
        Err(err) => return Err(err),
    };
    let times = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
    Ok(Some((it.dev(), it.ino(), it.len(), times)))
}

/// Locks a file as cargo does (`flock(2)`), until it is closed. Returns whether it was not locked.
///
/// # Errors
///
/// When it cannot be locked, such as on some network file systems.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(err) => Err(err.into()),
    }
}

/// Makes a command known by another path.
///
/// # Errors
///
/// When the link cannot be made.
pub(crate) fn link_command(command: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(command, link)
}

/// Whether an error says that there is no such file.
pub(crate) fn is_gone(err: &io::Error) -> bool {
    let found = Errno::from_io_error(err);
    found.is_some_and(|found| {
        [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG].contains(&found)
    })
}

/// Whether an error may pass and has nothing to do with the file.
pub(crate) fn is_passing(err: &io::Error) -> bool {
    let found = Errno::from_io_error(err);
    found.is_some_and(|found| {
        [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::INTR, Errno::IO].contains(&found)
    })
}

/// The path as it is: names that differ in upper and lower case are different files.
pub(crate) fn with_case_of_disk(path: PathBuf) -> PathBuf {
    path
}

/// The text as it is: `/` is the only separator.
pub(crate) fn with_slashes(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// The root of an absolute pattern, and the rest; `None` if it is relative to a folder.
pub(crate) fn absolute_pattern<'a>(pattern: &'a str, _base: &Path) -> Option<(String, &'a str)> {
    pattern.strip_prefix('/').map(|rest| (String::new(), rest))
}
