//! The project: what there is to build and to run.
//!
//! `packages` asks cargo for the packages, and `select_target` finds the program among them.
//! `cargo_config` reads cargo's own configuration, with the values in `config_values`;
//! `rustc_target` asks rustc about the target.
//! `env_files` keeps the variables of `--env-file`, and `dependencies` finds our adapters in the
//! program. `manifests` tells when to read all of this again. `paths` and `file_system` are about
//! files and their names.

pub(crate) mod packages;
mod select_target;

pub(crate) mod cargo_config;
pub(crate) mod config_values;
pub(crate) mod rustc_target;

pub(crate) mod dependencies;
pub(crate) mod env_files;

pub(crate) mod cargo_errors;
pub(crate) mod file_system;
pub(crate) mod manifests;
pub(crate) mod paths;
