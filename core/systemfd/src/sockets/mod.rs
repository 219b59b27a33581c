//! The sockets that a supplier opens: what to open (`spec`), read from what users type (`parse`), opened
//! (`open`), and held and shown (`opened`). `unix.rs` and `windows.rs` have what differs.

mod error;
mod open;
mod opened;
mod options;
mod parse;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod spec;

pub use error::OpenError;
pub use opened::Sockets;
pub use options::Options;
pub use parse::SpecError;
pub use spec::{Owner, Scheme, Spec};
