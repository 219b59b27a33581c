//! Children on Unix.
//!
//! `launcher` starts each child as the `exec_shim`, which becomes the child's program and leaves
//! the `reaper` above it. A shim that was started ahead gets an `order`. `cleanup` is the process that comes after a SIGKILL. `spare_fds` divides
//! the limit of open files, and `stages` are the other processes that this program can be.

pub(crate) mod launcher;

pub(crate) mod exec_shim;
mod order;
mod reaper;

pub(crate) mod cleanup;
pub(crate) mod spare_fds;

pub(crate) mod stages;
