//! What differs between platforms, and every `unsafe` block of this crate.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;
#[cfg(all(unix, not(target_os = "linux")))]
#[path = "other.rs"]
mod platform;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use platform::{
    LIBRARY_PATH, ShortPath, WATCHES_WHOLE_TREES, adopt_orphans, children, default_library_folders,
    end_with, name_this_process, polled_file_system, this_program, waiting_connections,
};
#[cfg(unix)]
pub(crate) use unix::{
    Borrowed, FileIdentity, NO_OVERLAP, Owned, block, borrowed, close_all_but, file_identity, fork,
    handed_fds, hide_from_children, ignore, inherit, our_stderr, peek, set_blocking, stop_by,
    take_inherited, terminal_columns,
};
#[cfg(windows)]
pub(crate) use windows::{
    Borrowed, FileIdentity, LIBRARY_PATH, NEW_PROCESS_GROUP, NO_OVERLAP, Owned,
    WATCHES_WHOLE_TREES, borrowed, console, default_library_folders, file_identity, files,
    handed_fds, hide_from_children, our_stderr, peek, polled_file_system, send_break, set_blocking,
    system, terminal_columns, waiting_connections,
};
