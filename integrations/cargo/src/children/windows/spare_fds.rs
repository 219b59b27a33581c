//! The number of open files has no limit on Windows, so nothing is to be divided.

/// How many files this process may open, if there is a limit: there is none.
pub(crate) fn files() -> Option<usize> {
    None
}

/// What keeps descriptors free: nothing has to.
#[derive(Debug)]
pub(crate) struct Reserve;

pub(crate) fn reserve(_count: usize) -> Reserve {
    Reserve
}
