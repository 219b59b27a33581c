//! The program: one run after the other.
//!
//! `program` is one run, from its start to its end, with the variables and the runner of
//! `program_env`. `ready` knows when a run is ready that does not say so, and `output` reads what
//! it says otherwise. `fd_store` keeps connections from one run to the next. `crash_loop` slows down a
//! program that crashes again and again.

pub(crate) mod program;
pub(crate) mod program_env;

pub(crate) mod output;
pub(crate) mod ready;

pub(crate) mod fd_store;

pub(crate) mod crash_loop;
