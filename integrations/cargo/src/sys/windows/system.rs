//! What Windows alone can give: random bytes, the name of this machine, and the user.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom,
};
use windows_sys::Win32::Security::{GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsHostname, GetComputerNameExW};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Fills it with random bytes.
pub(crate) fn fill_with_random(bytes: &mut [u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    // SAFETY: the pointer is to memory of this length; without an algorithm's handle, the flag selects one.
    let status = unsafe {
        BCryptGenRandom(
            std::ptr::null_mut(),
            bytes.as_mut_ptr(),
            length,
            BCRYPT_USE_SYSTEM_PREFERRED_RNG,
        )
    };
    match status {
        0 => Ok(()),
        _ => Err(io::Error::other(format!("the system has no random bytes ({status:#010x})"))),
    }
}

/// The name of this machine in its network; empty if it has none.
pub(crate) fn machine_name() -> String {
    // A name in DNS has at most 63 bytes.
    let mut name = [0; 256];
    let mut length = 256;
    // SAFETY: the pointer is to memory of the length that is given, which the function replaces by that of
    // the name.
    let found =
        unsafe { GetComputerNameExW(ComputerNameDnsHostname, name.as_mut_ptr(), &raw mut length) };
    match name.get(..length as usize) {
        Some(name) if found != 0 => String::from_utf16_lossy(name),
        _ => String::new(),
    }
}

/// The security identifier of this process's user, as text.
pub(super) fn user_sid() -> io::Result<String> {
    /// Room for a `TOKEN_USER` and the longest identifier, which has 68 bytes, aligned for both.
    type Buffer = [u64; 32];
    let mut token = std::ptr::null_mut();
    // SAFETY: the call has no preconditions; its result need not be closed.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the handle is that of this process, and the pointer is to a place for a handle.
    succeeded(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: the function has opened it, and nobody else owns it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let (mut buffer, mut length): (Buffer, u32) = ([0; 32], 0);
    // It is 256 bytes long.
    let room = size_of::<Buffer>() as u32;
    let at = buffer.as_mut_ptr().cast();
    // SAFETY: the token is open, and the pointers are to memory of the length that is given, and to a length.
    let found =
        unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, at, room, &raw mut length) };
    succeeded(found)?;
    // SAFETY: the function has succeeded, so the buffer, which is aligned for it, begins with a `TOKEN_USER`.
    let user = unsafe { buffer.as_ptr().cast::<TOKEN_USER>().read() };
    let mut text = std::ptr::null_mut();
    // SAFETY: the identifier is in the buffer, which is alive, and the pointer is to a place for a pointer.
    succeeded(unsafe { ConvertSidToStringSidW(user.User.Sid, &raw mut text) })?;
    let mut sid = Vec::new();
    for at in 0.. {
        // SAFETY: the text ends with a zero, at which this loop ends.
        let next = unsafe { text.add(at) };
        // SAFETY: as above.
        match unsafe { next.read() } {
            0 => break,
            unit => sid.push(unit),
        }
    }
    // SAFETY: the text was allocated by the system for this, and is not used any more.
    unsafe { LocalFree(text.cast()) };
    Ok(String::from_utf16_lossy(&sid))
}

fn succeeded(result: i32) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
