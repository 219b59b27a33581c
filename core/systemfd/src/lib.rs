//! The supplier of socket activation: opens sockets and hands them to a program.
//!
//! The `systemfd` binary is [`run`]. For tools that supply sockets themselves, [`Spec`] parses
//! what users type (`web=http::3000`), and [`Sockets`] opens the specs and hands them over: at fd
//! 3 and up, in order, without gaps, with the variables of `sd_listen_fds(3)`.
//!
//! ```no_run
//! use listenfd_systemfd::{Options, Sockets};
//! use std::process::Command;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let specs = ["http::3000".parse()?];
//! let sockets = Sockets::open(&specs, &Options::default())?;
//! let err = sockets.exec(Command::new("./server"), true); // returns only when it fails
//! # Err(err.into()) }
//! ```

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
