//! macOS and the BSDs. `apple.rs` and `bsd.rs` have what differs between these.

#[cfg(not(target_vendor = "apple"))]
#[path = "bsd.rs"]
mod system;
#[cfg(target_vendor = "apple")]
#[path = "apple.rs"]
mod system;

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use tempfile::TempDir;

pub(in crate::sys) use system::numbers;
pub(crate) use system::{
    LIBRARY_PATH, WATCHES_WHOLE_TREES, default_library_folders, polled_file_system,
};

/// The program that this process runs, by its path. When an update has replaced its file, the new file is
/// started for children; it fails with an error where its arguments differ.
pub(crate) fn this_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Unknown: the system does not tell. A program that does not say that it is ready is taken for it after a
/// short time.
pub(crate) fn waiting_connections(_socket: BorrowedFd<'_>) -> Option<u32> {
    None
}

/// Does nothing: the name of a process cannot be changed.
pub(crate) fn name_this_process(_name: &std::ffi::CStr) {}

/// Does nothing: the system has no subreapers. A process that leaves the process group of the program is not
/// ended with it.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Does nothing: the system cannot do it. `cargo devserver` sees the end of the reaper.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn end_with(_parent: Pid) -> io::Result<()> {
    Ok(())
}

/// None: no process is left to this one, as it is no subreaper.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn children() -> io::Result<Vec<Pid>> {
    Ok(Vec::new())
}

/// Another path of a folder: a short one, as long as the value lives. It is a link in a folder of this user.
#[derive(Debug)]
pub(crate) struct ShortPath(TempDir);

impl ShortPath {
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        // The folder in TMPDIR has a path of 49 characters on macOS, where that of a socket has at most 103.
        let made = tempfile::tempdir_in("/tmp").or_else(|_| tempfile::tempdir())?;
        let short = ShortPath(made);
        std::os::unix::fs::symlink(std::path::absolute(folder)?, short.path())?;
        Ok(short)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("to")
    }
}
