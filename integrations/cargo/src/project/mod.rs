//! The project: what there is to build and to run.
//!
//! `packages` asks cargo for the packages, and `select_target` finds the program among them.
//! `cargo_config` reads cargo's own configuration, with the values in `config_values`;
//! `rustc_target` asks rustc about the target.
//! `env_files` keeps the variables of `--env-file` (`dotenv` is their format), and `secrets` hides
//! their values. `manifests` tells when to read all of this again.

pub(crate) mod packages;
mod select_target;

pub(crate) mod cargo_config;
pub(crate) mod config_values;
pub(crate) mod rustc_target;

pub(crate) mod dotenv;
pub(crate) mod env_files;
mod secrets;

pub(crate) mod cargo_errors;
pub(crate) mod manifests;
pub(crate) mod paths;
