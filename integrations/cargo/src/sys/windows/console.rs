//! The modes of a console.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};

use windows_sys::Win32::System::Console::{CONSOLE_MODE, GetConsoleMode, SetConsoleMode};

/// The mode of a console's input or output.
///
/// # Errors
///
/// When it is no console.
pub(crate) fn mode(console: impl AsHandle) -> io::Result<CONSOLE_MODE> {
    let mut mode = 0;
    let handle = console.as_handle().as_raw_handle();
    // SAFETY: the handle is open while `console` lives, and the pointer is to a mode.
    match unsafe { GetConsoleMode(handle, &raw mut mode) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(mode),
    }
}

/// Sets the mode of a console's input or output.
///
/// # Errors
///
/// When it is no console, or knows no such mode.
pub(crate) fn set_mode(console: impl AsHandle, mode: CONSOLE_MODE) -> io::Result<()> {
    let handle = console.as_handle().as_raw_handle();
    // SAFETY: the handle is open while `console` lives.
    match unsafe { SetConsoleMode(handle, mode) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
