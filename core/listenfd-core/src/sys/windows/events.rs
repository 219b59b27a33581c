//! Named events and processes of Windows, to wait for them.
#![allow(unsafe_code, reason = "calls of Windows that no crate wraps")]

use std::io;
use std::os::windows::io::{
    AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle,
};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_INVALID_PARAMETER, HANDLE, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT,
};
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, OpenProcess, PROCESS_SYNCHRONIZE, SetEvent, WaitForMultipleObjects,
};

/// Creates an event of this name that stays set, or opens it. Children do not inherit it.
pub(crate) fn open_event(name: &str) -> io::Result<OwnedHandle> {
    if name.contains('\0') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name with a null character"));
    }
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let (manual_reset, unset) = (1, 0);
    // SAFETY: the name ends in a null and lives during the call. No attributes are given.
    let handle = unsafe { CreateEventW(ptr::null(), manual_reset, unset, name.as_ptr()) };
    own(handle)
}

/// Sets an event, for all that wait for it.
pub(crate) fn set_event(event: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open while it is borrowed.
    match unsafe { SetEvent(event.as_raw_handle()) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Opens a process to wait for its end. `None` if there is none of this number. The number is not given to
/// another process as long as the handle is open.
pub(crate) fn open_process(pid: u32) -> io::Result<Option<OwnedHandle>> {
    // SAFETY: there are no pointers.
    match own(unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, pid) }) {
        Ok(process) => Ok(Some(process)),
        Err(err) if err.raw_os_error() == Some(ERROR_INVALID_PARAMETER as i32) => Ok(None),
        Err(err) => Err(err),
    }
}

/// Waits until an event is set or a process has ended, without a timeout for ever. Returns which, or `None` when
/// the time is over.
pub(crate) fn wait_for_any(
    objects: &[BorrowedHandle<'_>],
    timeout: Option<Duration>,
) -> io::Result<Option<usize>> {
    let handles: Vec<HANDLE> = objects.iter().map(AsRawHandle::as_raw_handle).collect();
    let count = handles.len() as u32;
    let millis = timeout.map_or(INFINITE, as_millis);
    let any = 0;
    // SAFETY: the handles are open while they are borrowed, and the array has `count` of them.
    let result = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), any, millis) };
    match result {
        WAIT_TIMEOUT => Ok(None),
        WAIT_FAILED => Err(io::Error::last_os_error()),
        // The other results are of mutexes.
        index => Ok(Some(index.wrapping_sub(WAIT_OBJECT_0) as usize)),
    }
}

/// Whether an event is set, or a process has ended.
pub(crate) fn is_signaled(object: &OwnedHandle) -> bool {
    matches!(wait_for_any(&[object.as_handle()], Some(Duration::ZERO)), Ok(Some(_)))
}

/// Bytes that nobody can guess.
pub(crate) fn random_bytes() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    let (no_algorithm, length) = (ptr::null_mut(), bytes.len() as u32);
    // SAFETY: the buffer lives during the call and has the length that is given. The flag stands for the
    // algorithm.
    let status = unsafe {
        BCryptGenRandom(no_algorithm, bytes.as_mut_ptr(), length, BCRYPT_USE_SYSTEM_PREFERRED_RNG)
    };
    match status {
        0 => Ok(bytes),
        status => Err(io::Error::other(format!("no random bytes, status {status:#x}"))),
    }
}

/// Rounded up, so that a short time is not none. The longest time is 49 days.
fn as_millis(timeout: Duration) -> u32 {
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    u32::try_from(millis).unwrap_or(INFINITE).min(INFINITE - 1)
}

/// The handle that a call has just returned; null for an error.
fn own(handle: RawHandle) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just opened it for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
