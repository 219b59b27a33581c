//! Which signals this process ignores.

use crate::sys;

/// Whether this process ignores a signal, as one that `nohup(1)` has started ignores SIGHUP, and a
/// background job of a script SIGINT. Such a signal is to stay ignored, so ask before a handler is
/// installed.
#[must_use]
#[doc(hidden)]
pub fn ignores_signal(signal: i32) -> bool {
    sys::ignores_signal(signal)
}
