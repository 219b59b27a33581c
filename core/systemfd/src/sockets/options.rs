//! How sockets are opened.

use listenfd_core::Bind;

/// Options of all sockets that are opened together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How many connections may wait to be accepted (`listen(2)`).
    pub backlog: u32,
    /// Sets `SO_REUSEADDR` on TCP sockets. No effect on Windows, where it would share the port.
    pub reuse_address: bool,
    /// Sets `SO_REUSEPORT`, so that other programs can open the same port. An error on Windows.
    pub reuse_port: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { backlog: Bind::BACKLOG, reuse_address: true, reuse_port: false }
    }
}
