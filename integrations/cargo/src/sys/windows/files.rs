//! What Windows knows of a file and the standard library does not tell.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windows_sys::Win32::Foundation::{
    GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE, LocalFree,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, CREATE_NEW, CreateFileW, DELETE, FILE_BASIC_INFO,
    FILE_FLAG_DELETE_ON_CLOSE, FILE_SHARE_DELETE, FILE_SHARE_READ, FileBasicInfo,
    GetFileInformationByHandle, GetFileInformationByHandleEx, LOCKFILE_EXCLUSIVE_LOCK,
    LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

use super::system::user_sid;

/// The file index, which differs from those of all other files and folders on the volume.
pub(crate) fn index(file: &File) -> io::Result<u64> {
    let mut info = MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::uninit();
    // SAFETY: the handle is open while `file` is borrowed, and the pointer is to memory of the type that
    // the function fills.
    let found = unsafe { GetFileInformationByHandle(file.as_raw_handle(), info.as_mut_ptr()) };
    if found == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the function has succeeded, so it has filled all of it.
    let info = unsafe { info.assume_init() };
    Ok(u64::from(info.nFileIndexHigh) << 32 | u64::from(info.nFileIndexLow))
}

/// When the file, its name or its place was changed (`ChangeTime`).
pub(crate) fn change_time(file: &File) -> io::Result<SystemTime> {
    /// The same moment as the Unix epoch, in units of 100 ns since 1601.
    const UNIX_EPOCH_TICKS: i64 = 116_444_736_000_000_000;
    let mut info = FILE_BASIC_INFO::default();
    // It is 40 bytes long.
    let length = size_of_val(&info) as u32;
    let (handle, info_at) = (file.as_raw_handle(), (&raw mut info).cast());
    // SAFETY: the handle is open while `file` is borrowed, and the pointer is to memory of the length that
    // is given and of the type that belongs to `FileBasicInfo`.
    let found = unsafe { GetFileInformationByHandleEx(handle, FileBasicInfo, info_at, length) };
    if found == 0 {
        return Err(io::Error::last_os_error());
    }
    let ticks = u64::try_from(info.ChangeTime - UNIX_EPOCH_TICKS).unwrap_or_default();
    Ok(UNIX_EPOCH + Duration::from_nanos(ticks.saturating_mul(100)))
}

/// Locks all of a file, if no other has.
///
/// # Errors
///
/// `ERROR_LOCK_VIOLATION` when another has locked it.
pub(crate) fn lock(file: &File) -> io::Result<()> {
    let mut position = OVERLAPPED::default();
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open while `file` is borrowed, and is not one for overlapped operations, so the
    // function is done with the position when it returns.
    let locked =
        unsafe { LockFileEx(file.as_raw_handle(), how, 0, u32::MAX, u32::MAX, &raw mut position) };
    if locked == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Creates a file that no other user can read, and holds it: others can read and remove it, and not write
/// to it. It is removed when this value is dropped, or the process ends.
///
/// # Errors
///
/// `AlreadyExists` when there is one.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let path: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    // An access list (SDDL) that lets this user do everything, and inherits nothing.
    let access = format!("D:P(A;;FA;;;{})", user_sid()?);
    let access: Vec<u16> = access.encode_utf16().chain([0]).collect();
    let mut attributes = SECURITY_ATTRIBUTES {
        // It is 24 bytes long.
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        ..SECURITY_ATTRIBUTES::default()
    };
    // SAFETY: the text ends with a zero, and the pointer is to a place for a pointer.
    let converted = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            access.as_ptr(),
            SDDL_REVISION_1,
            &raw mut attributes.lpSecurityDescriptor,
            std::ptr::null_mut(),
        )
    };
    if converted == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the path ends with a zero, and the attributes point to a descriptor; both live until then.
    let handle = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE | DELETE,
            FILE_SHARE_READ | FILE_SHARE_DELETE,
            &raw const attributes,
            CREATE_NEW,
            FILE_FLAG_DELETE_ON_CLOSE,
            std::ptr::null_mut(),
        )
    };
    let created = if handle == INVALID_HANDLE_VALUE {
        Err(io::Error::last_os_error())
    } else {
        // SAFETY: the function has opened it, and nobody else owns it.
        Ok(unsafe { File::from_raw_handle(handle) })
    };
    // SAFETY: the descriptor was allocated by the system for this, and is not used any more.
    unsafe { LocalFree(attributes.lpSecurityDescriptor) };
    created
}
