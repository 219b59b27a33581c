//! What pages and commands are told of a session: builds, problems, and the program that serves.

mod builds;
mod listener;
mod output;
mod problems;
mod programs;
mod requests;
mod serving;
mod text;

pub(super) use listener::{Opened, open_page_listener, origins};
pub(super) use requests::{allow_to_open, pages, variable};
pub(super) use serving::Serving;

use std::time::{SystemTime, UNIX_EPOCH};

/// The time now, in milliseconds since 1970.
fn now() -> u64 {
    in_milliseconds(SystemTime::now())
}

fn in_milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
