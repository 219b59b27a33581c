//! Child processes, cargo's and the program's: how they start, and how they and all they leave end.
//!
//! `launcher` starts each child as the `exec_shim`, which becomes the child's program and leaves
//! the `reaper` above it. `cleanup` is the process that comes after a SIGKILL. `spare_fds` divides
//! the limit of open files.

pub(crate) mod launcher;

pub(crate) mod exec_shim;
mod reaper;

pub(crate) mod cleanup;
pub(crate) mod spare_fds;
