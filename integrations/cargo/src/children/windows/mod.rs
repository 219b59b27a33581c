//! Children on Windows.
//!
//! `launcher` starts each child in a job object, which ends all that the child leaves, also when
//! `cargo devserver` is killed. So there is no process beside a child, and nothing for `stages` and
//! `cleanup` to do. `spare_fds`: the number of open files has no limit.

pub(crate) mod launcher;

pub(crate) mod cleanup;
pub(crate) mod spare_fds;

pub(crate) mod stages;
