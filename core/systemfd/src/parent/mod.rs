//! The parent of a command. With `--keep` it has an fd store (`keep`), and passes other messages on to the
//! service manager above (`service_manager`). As the first process of a container it waits for
//! orphans (`pid1`). Both pass signals on (`signals`).

mod keep;
mod pid1;
mod service_manager;
mod signals;

pub(crate) use keep::KeepingParent;
pub use pid1::run_below_pid1;
