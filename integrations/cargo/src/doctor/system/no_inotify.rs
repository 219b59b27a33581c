//! Systems without inotify have no such limits.

/// The limits, and what is in use of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct Inotify {
    pub(in crate::doctor) max_watches: u64,
    pub(in crate::doctor) max_instances: u64,
    pub(in crate::doctor) watches: u64,
    pub(in crate::doctor) instances: u64,
}

/// None.
pub(in crate::doctor) fn inotify() -> Option<Inotify> {
    None
}
