//! Systems without inotify have no such limits.

use super::Inotify;

/// None.
pub(in crate::doctor) fn inotify() -> Option<Inotify> {
    None
}
