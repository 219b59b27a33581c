//! What differs between platforms, and every `unsafe` block of this crate.

#[cfg(windows)]
#[path = "windows_console.rs"]
pub(crate) mod console;
#[cfg(windows)]
#[path = "windows_files.rs"]
pub(crate) mod files;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows_system.rs"]
pub(crate) mod system;
mod unix;

pub(crate) use platform::{
    LIBRARY_PATH, ShortPath, WATCHES_WHOLE_TREES, adopt_orphans, children, default_library_folders,
    end_with, name_this_process, polled_file_system, this_program, waiting_connections,
};
pub(crate) use unix::{block, close_all_but, fork, ignore, inherit, stop_by, take_inherited};
