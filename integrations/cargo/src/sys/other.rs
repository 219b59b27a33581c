//! macOS and the BSDs.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use tempfile::TempDir;

/// Where the system looks for shared libraries (`dyld(1)`).
pub(crate) const LIBRARY_PATH: &str = "DYLD_FALLBACK_LIBRARY_PATH";

/// The folders in which it looks only while that variable is not set.
pub(crate) fn default_library_folders() -> Vec<PathBuf> {
    let home = listenfd_core::internal::env_var("HOME").map(PathBuf::from);
    let home = home.into_iter().map(|home| home.join("lib"));
    home.chain(["/usr/local/lib", "/usr/lib"].map(PathBuf::from)).collect()
}

/// FSEvents watches a folder with all that is in it.
pub(crate) const WATCHES_WHOLE_TREES: bool = true;

/// The program that this process runs.
pub(crate) fn this_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Unknown: the system does not tell.
pub(crate) fn waiting_connections(_socket: BorrowedFd<'_>) -> Option<u32> {
    None
}

/// Does nothing: the name of a process cannot be changed.
pub(crate) fn name_this_process(_name: &std::ffi::CStr) {}

/// Nothing: FSEvents reports all changes made on this machine.
pub(crate) fn polled_file_system(_path: &Path) -> Option<String> {
    None
}

/// Where the numbers of the open descriptors are (`fdesc(4)`).
pub(crate) const FDS: &str = "/dev/fd";

/// Does nothing: the system has no subreapers.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Does nothing: the system cannot do it. `cargo devserver` sees the end of the reaper.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn end_with(_parent: Pid) -> io::Result<()> {
    Ok(())
}

/// None: no process is left to this one.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn children() -> io::Result<Vec<Pid>> {
    Ok(Vec::new())
}

/// Another path of a folder: a short one, as long as the value lives.
#[derive(Debug)]
pub(crate) struct ShortPath(TempDir);

impl ShortPath {
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let short = ShortPath(tempfile::tempdir()?);
        std::os::unix::fs::symlink(std::path::absolute(folder)?, short.path())?;
        Ok(short)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("to")
    }
}
