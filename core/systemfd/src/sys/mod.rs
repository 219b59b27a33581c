//! Differences between platforms, and every `unsafe` block of this crate.

mod descriptors;
mod open_files;
mod processes;
mod signals;
mod users;

pub(crate) use descriptors::{is_hung_up, is_same, place, try_lock};
pub use open_files::OpenFiles;
pub(crate) use processes::{Inherited, die_of, is_alive, reap, start_with, with_signals};
pub(crate) use signals::{SignalMask, hold_signals, next_signal, send_signal};
pub(crate) use users::{group_id, user_id};
