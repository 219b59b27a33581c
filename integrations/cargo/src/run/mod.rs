//! Child processes: how they start and how they end.
//!
//! `program` is one run of the program. `launcher` starts a child as the `exec_shim`, which becomes the
//! program and leaves the `reaper` above it. `fd_store` keeps connections from one run to the next,
//! `open_files` sets the limit of open files, and `cleanup` is the process that comes after a SIGKILL.

pub(crate) mod cleanup;
pub(crate) mod exec_shim;
pub(crate) mod fd_store;
pub(crate) mod launcher;
pub(crate) mod open_files;
pub(crate) mod program;
pub(crate) mod reaper;
