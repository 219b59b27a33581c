//! Opens sockets by address.
//!
//! `options.rs` says how, `open.rs` opens one address or several, with `inet.rs` for TCP and UDP and
//! `unix.rs` for Unix sockets. `conflicts.rs` knows which addresses exclude each other. `unix_path.rs` decides
//! which file may be replaced at a Unix socket's path, and `socket_file.rs` removes a socket that is given
//! up again. `no_unix.rs` and `no_socket_file.rs` have their place on Windows.

mod conflicts;
mod inet;
mod open;
mod options;
#[cfg_attr(windows, path = "no_socket_file.rs")]
mod socket_file;
#[cfg(test)]
mod tests;
#[cfg_attr(windows, path = "no_unix.rs")]
mod unix;
#[cfg(unix)]
mod unix_path;

pub use options::Bind;
pub use socket_file::SocketFile;
