//! The parent of a command. With `--keep` it keeps connections (`keep`) and tells the service manager
//! above what the command says (`service_manager`); as the first process of a container it waits for
//! orphans (`pid1`). Both pass signals on (`signals`).

mod keep;
mod pid1;
mod service_manager;
mod signals;

pub(crate) use keep::Keeping;
pub use pid1::as_first_process;
