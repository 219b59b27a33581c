//! Settings: flags and tables of `Cargo.toml` become one set of plain values.
//!
//! `args` is the command line. `tables` is a table of settings, from the flags or from a manifest;
//! any value may be missing. `resolved` makes the settings in force of them: it applies the
//! defaults and checks every value, with `listen` for the sockets and `browser` for what a browser
//! shows. The other rooms see only `CommandLine` and `Settings`, and the types in `values`.
//! `commands` has the subcommands and their arguments.
//!
//! To add an option, add a field to `Args`, `Table` and `Settings`; the compiler and the tests name
//! the rest.

pub(crate) mod args;
pub(crate) mod browser;
pub(crate) mod commands;
pub(crate) mod did_you_mean;
pub(crate) mod listen;
pub(crate) mod resolved;
pub(crate) mod tables;
pub(crate) mod values;
