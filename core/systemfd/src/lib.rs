#![doc = include_str!("../README.md")]

#[cfg(not(unix))]
compile_error!("listenfd-systemfd runs on Unix so far (Linux, macOS, the BSDs)");

mod cli;
mod fd_store;
mod parent;
mod private_folder;
mod program;
mod sockets;
mod sys;

#[doc(hidden)]
pub use cli::parse_arguments;
pub use cli::run;
pub use fd_store::{Notice, Offer, Store};
#[doc(hidden)]
pub use parent::as_first_process;
#[doc(hidden)]
pub use private_folder::SocketFolder;
pub use program::{ExecError, announce_pid};
pub use sockets::{OpenError, Options, Owner, Scheme, Sockets, Spec, SpecError};
