//! What differs between platforms for the measurements.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
#[path = "no_inotify.rs"]
mod linux;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(super) use linux::{Inotify, inotify};
pub(super) use platform::{ROOM, interrupted, link};
