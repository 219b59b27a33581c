//! Differences between platforms, and every `unsafe` block of this crate: files for Unix, a folder for Windows.

#[cfg(unix)]
mod descriptors;
#[cfg(unix)]
mod open_files;
#[cfg(unix)]
mod processes;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod users;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use descriptors::{is_hung_up, is_same, place, try_lock};
#[cfg(unix)]
pub use open_files::OpenFiles;
#[cfg(unix)]
pub(crate) use processes::{Inherited, die_of, is_alive, reap, start_with, with_signals};
#[cfg(unix)]
pub(crate) use signals::{SignalMask, hold_signals, next_signal, send_signal};
#[cfg(unix)]
pub(crate) use users::{group_id, user_id};
#[cfg(windows)]
pub use windows::Job;
#[cfg(all(windows, test))]
pub(crate) use windows::open_copy;
#[cfg(windows)]
pub(crate) use windows::{PROTOCOL_INFO_SIZE, duplicate, ignore_keys, set_not_inheritable};
