//! What differs between platforms, and every `unsafe` block of this crate.

mod processes;
mod unix;

pub(crate) use processes::{
    Before, SignalMask, as_before, die_of, hold_signals, is_alive, next_signal, raise_open_files,
    reap, send_signal, with_signals,
};
pub(crate) use unix::{group_id, is_hung_up, is_same, place, try_lock, user_id};
