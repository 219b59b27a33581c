//! What Windows alone can give: random bytes, and the name of this machine.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;

use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom,
};
use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsHostname, GetComputerNameExW};

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
