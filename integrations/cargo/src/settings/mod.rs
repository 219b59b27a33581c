//! What the user asks for: the command line (`args`) and the tables of `Cargo.toml` (`tables`).

pub(crate) mod args;
pub(crate) mod tables;
