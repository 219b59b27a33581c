//! Child processes, cargo's and the program's: how they start, and how they and all they leave end.
//!
//! `launcher` starts a child in its `role`, and knows how to stop it. `stages` runs this program as
//! one of its own children.

pub(crate) mod role;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{cleanup, exec_shim, launcher, spare_fds, stages};
#[cfg(windows)]
pub(crate) use windows::{cleanup, launcher, spare_fds, stages};
