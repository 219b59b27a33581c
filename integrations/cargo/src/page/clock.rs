//! Times as pages are told them, in milliseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time now.
pub(crate) fn now() -> u64 {
    in_milliseconds(SystemTime::now())
}

pub(crate) fn in_milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
