//! For `cargo devserver` and the tests of this project only. **Not a public API**: any release may change
//! it. `cargo devserver` requires this very version (`=0.1.0`).

pub use crate::cli::parse_arguments;
pub use crate::fd_store::{FdStore, Notice, Offer, Request, Server as FdStoreServer};
pub use crate::parent::run_below_pid1;
pub use crate::private_folder::PrivateFolder;
pub use crate::sys::OpenFiles;
