//! Opens sockets by address.
//!
//! Read `options.rs` first; `plan.rs` decides about addresses that are opened together, and
//! `unix_path.rs` about files that stand at a Unix socket's path.

mod options;
mod plan;
mod unix_path;

pub use options::Bind;
