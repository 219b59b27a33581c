//! Which signals this process ignores.

use crate::sys;

/// Whether this process ignores a signal, as one that `nohup(1)` has started ignores SIGHUP, and a
/// background job of a script SIGINT. Such a signal is to stay ignored, so ask before a handler is
/// installed.
#[must_use]
pub fn is_signal_ignored(signal: i32) -> bool {
    sys::is_signal_ignored(signal)
}
