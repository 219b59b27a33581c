//! What differs between file systems and the names in them: identities, times and errors of files,
//! upper and lower case, separators.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::{
    HOME, IGNORES_CASE, absolute_pattern, is_gone, is_passing, metadata, newest_change,
    with_case_of_disk, with_slashes,
};
