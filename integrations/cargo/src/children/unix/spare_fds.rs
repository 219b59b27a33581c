//! Divides the open files that this process may have: a number above the sockets, and descriptors
//! kept free.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};

use listenfd_systemfd::internal::{FdStore, OpenFiles};

/// A number above all at which sockets are handed over. Each of those is open here twice then, so
/// it is below half the limit; and there are fewer of them than this.
pub(crate) fn above_all_handed() -> RawFd {
    const ENOUGH: RawFd = 2 * FdStore::CAPACITY as RawFd;
    let limit = files().and_then(|limit| RawFd::try_from(limit).ok());
    limit.map_or(ENOUGH, |limit| ENOUGH.min(limit / 2))
}

/// How many files this process may open, if there is a limit.
pub(crate) fn files() -> Option<usize> {
    OpenFiles::current().ok()?.count()
}

/// Opens descriptors, as far as there are any, to be closed later: code that opens many in between
/// leaves so many free, and [`SPARE`] more for all else that this process does.
pub(crate) fn reserve(count: usize) -> Vec<OwnedFd> {
    let open = || io::stderr().as_fd().try_clone_to_owned().ok();
    std::iter::repeat_with(open).take(count + SPARE).map_while(|fd| fd).collect()
}

/// For looking at files, for builds, and for programs.
const SPARE: usize = 64;
