//! How many files this process may open: as many as it can have, for it keeps connections. Programs get
//! what was before (`RLIMIT_NOFILE`, `getrlimit(2)`).

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};

use listenfd_systemfd::Store;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit; gives what it was, for [`restore`].
pub(crate) fn raise() -> OsString {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current.map_or(NONE.to_owned(), |files| files.to_string());
    limit.current = limit.maximum;
    // Some systems have another limit besides, above which this fails; then it stays as it is.
    let _ = setrlimit(Resource::Nofile, limit);
    before.into()
}

/// A number above all at which sockets are handed over. Each of those is open here twice then, so it
/// is below half the limit; and there are fewer of them than this.
pub(crate) fn above_all_handed() -> RawFd {
    const ENOUGH: RawFd = 2 * Store::ROOM as RawFd;
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| RawFd::try_from(limit).ok());
    limit.map_or(ENOUGH, |limit| ENOUGH.min(limit / 2))
}

/// How many files this process may open, if there is a limit.
pub(crate) fn files() -> Option<usize> {
    getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok())
}

/// Holds descriptors, as far as there are any, so that whatever takes many leaves so many, and
/// [`SPARE`] more for all that this process does otherwise.
pub(crate) fn reserve(count: usize) -> Vec<OwnedFd> {
    let open = || io::stderr().as_fd().try_clone_to_owned().ok();
    std::iter::repeat_with(open).take(count + SPARE).map_while(|fd| fd).collect()
}

/// For looking at files, for builds, and for programs.
const SPARE: usize = 64;

/// Lowers it to what it was.
pub(crate) fn restore(before: &OsStr) -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = before.to_str().and_then(|files| files.parse().ok());
    Ok(setrlimit(Resource::Nofile, limit)?)
}

const NONE: &str = "unlimited";
