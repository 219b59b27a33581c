//! What differs between platforms, and every `unsafe` block of this crate.

mod unix;

pub(crate) use unix::{
    SignalMask, die_of, group_id, hold_signals, is_alive, is_hung_up, is_in_foreground,
    next_signal, place, send_signal, user_id, with_mask,
};
