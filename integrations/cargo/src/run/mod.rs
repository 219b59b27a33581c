//! The program: one run after the other.
//!
//! `program` is one run of an `executable`, from its start to its end, with the variables and the
//! runner of `program_env`. `supply` is what it is handed: the sockets, and connections of the run
//! before from the `fd_store`. `ahead` starts the process of the next one during the build. `ready` knows when a run is ready that does not say so, and `output`
//! reads what it says otherwise. `crash_loop` slows down a program that crashes again and again.

pub(crate) mod program;
pub(crate) mod program_env;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{ahead, executable, fd_store, supply};
#[cfg(windows)]
pub(crate) use windows::{ahead, executable, fd_store, supply};

pub(crate) mod output;
pub(crate) mod ready;

pub(crate) mod crash_loop;
