//! The BSDs: what differs from macOS.

use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

/// Where the system looks for shared libraries (`rtld(1)`).
pub(crate) const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The folders in which it looks only while that variable is not set.
pub(crate) fn default_library_folders() -> Vec<PathBuf> {
    Vec::new()
}

/// kqueue watches a folder without those in it.
pub(crate) const WATCHES_WHOLE_TREES: bool = false;

/// Every one: kqueue does not report that a file in a watched folder was written.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there are others")]
pub(crate) fn polled_file_system(_path: &Path) -> Option<String> {
    Some("watched by kqueue".to_owned())
}

/// Numbers at which descriptors may be open: all below the limit. `/dev/fd` has the first three alone
/// where `fdescfs(5)` is not mounted.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::sys) fn numbers() -> io::Result<Vec<RawFd>> {
    /// The system's own default for all processes together is lower.
    const ENOUGH: RawFd = 1 << 20;
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.and_then(|limit| RawFd::try_from(limit).ok());
    Ok((0..limit.unwrap_or(ENOUGH).min(ENOUGH)).collect())
}
