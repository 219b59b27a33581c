//! System calls of Windows.

mod console;
mod job;
mod sockets;

pub(crate) use console::ignore_keys;
pub use job::Job;
#[cfg(test)]
pub(crate) use sockets::open_copy;
pub(crate) use sockets::{PROTOCOL_INFO_SIZE, duplicate, set_not_inheritable};
