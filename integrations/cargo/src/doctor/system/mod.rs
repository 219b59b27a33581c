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

pub(super) use linux::inotify;
pub(super) use platform::{ROOM, interrupted, link};

/// The limits, and what is in use of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inotify {
    pub(super) max_watches: u64,
    pub(super) max_instances: u64,
    pub(super) watches: u64,
    pub(super) instances: u64,
}
