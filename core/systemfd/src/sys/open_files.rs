//! The limit of open files.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;

/// How many files a process may open, and how far it can raise that (`RLIMIT_NOFILE`,
/// `getrlimit(2)`).
#[derive(Clone, Copy)]
pub(crate) struct OpenFiles(libc::rlimit);

/// Lets this process open as many files as it can have; gives what it was.
pub(crate) fn raise_open_files() -> io::Result<OpenFiles> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live structure.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let before = OpenFiles(limit);
    limit.rlim_cur = limit.rlim_max;
    // Some systems have another limit besides, above which this fails; then it stays as it is.
    let _ = set_open_files(&OpenFiles(limit));
    Ok(before)
}

pub(super) fn set_open_files(limit: &OpenFiles) -> io::Result<()> {
    // SAFETY: the pointer is to a live structure.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit.0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
