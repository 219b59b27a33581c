//! macOS: the sockets that launchd has opened for this process (`launch_activate_socket`, `launch.h`).
#![allow(unsafe_code, reason = "the function is in the system's library, which only C describes")]

use std::ffi::CStr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use super::unix::set_close_on_exec;

/// This process is not a job of launchd.
pub(crate) const NOT_MANAGED: i32 = libc::ESRCH;
/// The job has no sockets of the name.
pub(crate) const UNKNOWN_NAME: i32 = libc::ENOENT;
/// This process has taken the sockets of the name before.
pub(crate) const TAKEN_BEFORE: i32 = libc::EALREADY;

// In libSystem, which every program is linked with, since macOS 10.10.
unsafe extern "C" {
    fn launch_activate_socket(
        name: *const libc::c_char,
        fds: *mut *mut libc::c_int,
        count: *mut libc::size_t,
    ) -> libc::c_int;
}

/// Takes the sockets of a name, close-on-exec: one or several, such as one for each address family.
/// launchd gives them once to each process.
///
/// # Errors
///
/// The number of the system's error, such as [`NOT_MANAGED`].
pub(crate) fn take_sockets(name: &CStr) -> Result<Vec<OwnedFd>, i32> {
    let mut fds: *mut libc::c_int = std::ptr::null_mut();
    let mut count: libc::size_t = 0;
    // SAFETY: `name` ends with a NUL byte, and the pointers are to live variables, which the function
    // fills on success.
    let result = unsafe { launch_activate_socket(name.as_ptr(), &raw mut fds, &raw mut count) };
    if result != 0 {
        return Err(result);
    }
    if fds.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: on success, the array has `count` numbers, and nothing changes it meanwhile.
    let numbers: Vec<RawFd> = unsafe { std::slice::from_raw_parts(fds, count) }.to_vec();
    // SAFETY: the array is from malloc and ours to free; it was copied, and is not used again.
    unsafe { libc::free(fds.cast()) };
    // SAFETY: the system has just opened each of these numbers for this process, and nothing else
    // knows them.
    let own = |fd: RawFd| unsafe { OwnedFd::from_raw_fd(fd) };
    let sockets: Vec<OwnedFd> = numbers.into_iter().map(own).collect();
    for socket in &sockets {
        set_close_on_exec(socket).map_err(|err| err.raw_os_error().unwrap_or(libc::EIO))?;
    }
    Ok(sockets)
}
