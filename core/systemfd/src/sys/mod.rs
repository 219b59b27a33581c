//! What differs between platforms, and every `unsafe` block of this crate.

mod unix;

pub(crate) use unix::{group_id, place, user_id};
