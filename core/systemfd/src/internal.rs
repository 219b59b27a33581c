//! What `cargo devserver` and the tests of this project use besides. It is no API: any version may
//! change it, so they depend on this crate with `=`.

pub use crate::cli::parse_arguments;
pub use crate::fd_store::{FdStore, Notice, Offer, Request, Server as FdStoreServer};
pub use crate::parent::run_below_pid1;
pub use crate::private_folder::PrivateFolder;
pub use crate::sys::OpenFiles;
