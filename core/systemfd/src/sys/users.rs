//! Users and groups by name.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::ffi::CString;
use std::mem::MaybeUninit;

/// The number of a user, by name (`getpwnam_r(3)`).
pub(crate) fn user_id(name: &str) -> Option<u32> {
    look_up(libc::getpwnam_r, name, |entry| entry.pw_uid)
}

/// The number of a group, by name (`getgrnam_r(3)`).
pub(crate) fn group_id(name: &str) -> Option<u32> {
    look_up(libc::getgrnam_r, name, |entry| entry.gr_gid)
}

/// `getpwnam_r` or `getgrnam_r`.
type LookUp<T> = unsafe extern "C" fn(
    *const libc::c_char,
    *mut T,
    *mut libc::c_char,
    libc::size_t,
    *mut *mut T,
) -> libc::c_int;

/// Calls `number` while the strings of the entry are there.
fn look_up<T>(function: LookUp<T>, name: &str, number: impl FnOnce(&T) -> u32) -> Option<u32> {
    /// Room for the strings of one entry; a group can have many members.
    const ROOM: usize = 64 * 1024;
    let name = CString::new(name).ok()?;
    let mut entry = MaybeUninit::<T>::uninit();
    let mut buffer: Vec<libc::c_char> = vec![0; ROOM];
    let mut found = std::ptr::null_mut();
    // SAFETY: `function` is one of the two that the type is named after, both callers are above;
    // `name` ends with a NUL byte; the pointers are to live memory of the sizes given.
    let result = unsafe {
        function(
            name.as_ptr(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: on success with a result, the entry is filled.
    Some(number(unsafe { entry.assume_init_ref() }))
}
