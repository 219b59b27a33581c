//! What there is to build and to run: the packages (`package`), the target among them
//! (`select_target`), cargo's configuration, and the environment of the program.

pub(crate) mod cargo_config;
pub(crate) mod env_file;
pub(crate) mod manifests;
pub(crate) mod package;
pub(crate) mod program_env;
pub(crate) mod rustc_target;
pub(crate) mod select_target;
pub(crate) mod withheld;
