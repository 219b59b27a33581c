//! For `cargo devserver` and the tests of this project only. **Not a public API**: any release may change
//! it. `cargo devserver` requires this very version (`=0.1.0`).

pub use crate::cli::parse_arguments;
#[cfg(unix)]
pub use crate::fd_store::{FdStore, Notice, Offer, Request, Server as FdStoreServer};
#[cfg(unix)]
pub use crate::parent::run_below_pid1;
#[cfg(unix)]
pub use crate::private_folder::PrivateFolder;
#[cfg(windows)]
pub use crate::socket_server::{Receiver, SocketServer};
#[cfg(windows)]
pub use crate::sys::Job;
#[cfg(unix)]
pub use crate::sys::OpenFiles;
