//! The signals that this process ignores.

use crate::sys;

/// Whether this process ignores a signal. A process that `nohup(1)` has started ignores SIGHUP, and a
/// background job of a script ignores SIGINT. Such a signal must stay ignored, so call this before you
/// install a handler.
#[must_use]
pub fn is_signal_ignored(signal: i32) -> bool {
    sys::is_signal_ignored(signal)
}
