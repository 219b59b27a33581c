//! macOS: what differs from the BSDs.

use std::ffi::CStr;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

/// Where the system looks for shared libraries (`dyld(1)`).
pub(crate) const LIBRARY_PATH: &str = "DYLD_FALLBACK_LIBRARY_PATH";

/// The folders in which it looks only while that variable is not set.
pub(crate) fn default_library_folders() -> Vec<PathBuf> {
    let home = listenfd_core::internal::env_var("HOME").map(PathBuf::from);
    let home = home.into_iter().map(|home| home.join("lib"));
    home.chain(["/usr/local/lib", "/usr/lib"].map(PathBuf::from)).collect()
}

/// FSEvents watches a folder with all that is in it. Each new folder restarts it, and what changes
/// meanwhile is not reported. It reports a path as the file system has it, without links.
pub(crate) const WATCHES_WHOLE_TREES: bool = true;

/// The kind of the file system that holds `path`, if it is that of another machine, whose changes FSEvents
/// does not report.
pub(crate) fn polled_file_system(path: &Path) -> Option<String> {
    const LOCAL: u32 = libc::MNT_LOCAL as u32;
    let found = rustix::fs::statfs(path).ok().filter(|found| found.f_flags & LOCAL == 0)?;
    let kind: Vec<u8> = found.f_fstypename.iter().map(|byte| *byte as u8).collect();
    let kind = CStr::from_bytes_until_nul(&kind).ok()?;
    Some(kind.to_string_lossy().into_owned())
}

/// Numbers at which descriptors may be open (`/dev/fd`, `fd(4)`).
pub(in crate::sys) fn numbers() -> io::Result<Vec<RawFd>> {
    let names = std::fs::read_dir("/dev/fd")?.flatten().map(|entry| entry.file_name());
    Ok(names.filter_map(|name| name.to_str()?.parse().ok()).collect())
}
