#![doc = include_str!("../README.md")]

#[cfg(not(unix))]
compile_error!("listenfd-systemfd runs on Unix so far (Linux, macOS, the BSDs)");

mod cli;
mod fd_store;
#[doc(hidden)]
pub mod internal;
mod parent;
mod private_folder;
mod program;
mod sockets;
mod sys;

pub use cli::run;
pub use program::{ExecError, announce_pid};
pub use sockets::{OpenError, Options, Owner, Scheme, Sockets, Spec, SpecError};
