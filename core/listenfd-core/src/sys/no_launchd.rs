//! Systems without launchd: no process is a job of it.

use std::ffi::CStr;

use super::Owned;

/// This process is not a job of launchd.
pub(crate) const NOT_MANAGED: i32 = 3;
/// The job has no sockets of the name.
pub(crate) const UNKNOWN_NAME: i32 = 2;
/// This process has taken the sockets of the name before.
pub(crate) const TAKEN_BEFORE: i32 = 37;

/// Takes none.
pub(crate) fn take_sockets(_name: &CStr) -> Result<Vec<Owned>, i32> {
    Err(NOT_MANAGED)
}
