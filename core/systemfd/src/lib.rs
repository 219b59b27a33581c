#![doc = include_str!("../README.md")]

#[cfg(not(any(unix, windows)))]
compile_error!("listenfd-systemfd runs on Unix (Linux, macOS, the BSDs) and on Windows");

mod cli;
#[cfg(unix)]
mod fd_store;
#[doc(hidden)]
pub mod internal;
#[cfg(unix)]
mod parent;
#[cfg(unix)]
mod private_folder;
mod program;
#[cfg(any(windows, test))]
mod socket_server;
mod sockets;
mod sys;

pub use cli::run;
#[cfg(windows)]
pub use program::RunError;
#[cfg(unix)]
pub use program::{ExecError, announce_pid};
pub use sockets::{OpenError, Options, Owner, Scheme, Sockets, Spec, SpecError};
