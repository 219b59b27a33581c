//! Child processes: how they start and how they end.
//!
//! `program` is one run of the program, with the variables of `program_env`. `crash_loop` slows down a
//! program that crashes again and again. `launcher` starts a child as the `exec_shim`, which becomes the
//! program and leaves the `reaper` above it. `fd_store` keeps connections from one run to the next,
//! `spare_fds` divides the limit of open files, and `cleanup` is the process that comes after a SIGKILL.

pub(crate) mod cleanup;
pub(crate) mod crash_loop;
pub(crate) mod exec_shim;
pub(crate) mod fd_store;
pub(crate) mod launcher;
pub(crate) mod program;
pub(crate) mod program_env;
pub(crate) mod reaper;
pub(crate) mod spare_fds;
