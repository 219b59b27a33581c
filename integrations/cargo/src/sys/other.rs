//! macOS and the BSDs.

use std::path::{Path, PathBuf};

/// Where the system looks for shared libraries (`dyld(1)`).
pub(crate) const LIBRARY_PATH: &str = "DYLD_FALLBACK_LIBRARY_PATH";

/// Where it looks if that is not set, but not if it is.
pub(crate) fn default_library_folders() -> Vec<PathBuf> {
    let home = listenfd_core::process_variable("HOME").map(PathBuf::from);
    let home = home.into_iter().map(|home| home.join("lib"));
    home.chain(["/usr/local/lib", "/usr/lib"].map(PathBuf::from)).collect()
}

/// FSEvents watches a folder with all that is in it.
pub(crate) const WATCHES_WHOLE_TREES: bool = true;

/// The program that this process runs.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Nothing: the name of a process cannot be changed.
pub(crate) fn name_this_process(_name: &std::ffi::CStr) {}

/// Nothing: FSEvents tells of all that this machine does.
pub(crate) fn polled_file_system(_path: &Path) -> Option<String> {
    None
}
