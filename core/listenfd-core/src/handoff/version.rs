//! The version of the handoff, and the names that carry it.
//!
//! Programs of different versions meet: the supplier is installed once, each project locks its own server,
//! and a deploy replaces a server by another version. Every mix serves on without the handoff, and the
//! server or the supplier says so in one line:
//!
//! | the other version | what happens |
//! |---|---|
//! | a supplier ([`fd_store::VARIABLE`](super::fd_store::VARIABLE)) | it is not asked, and connections are drained |
//! | the server below a supplier of this version | its channel is closed at once, so it drains its connections |
//! | the process before, which has left connections ([`CONNECTIONS`]) | they are closed and forgotten |
//! | the program that a service manager starts next (its mark) | it gets none, and connections are drained |

/// The version of the handoff between processes. It counts up with each change that another version
/// would misread. It stands in [`CONNECTIONS`], in
/// [`fd_store::VARIABLE`](super::fd_store::VARIABLE) and in the mark that servers carry.
pub const HANDOFF_VERSION: u32 = 2;

/// The name of a descriptor that carries connections, as `FDNAME=` (`sd_notify(3)`) and in
/// `LISTEN_FDNAMES`: a handoff channel, or a single connected stream socket. It ends with the version.
pub const CONNECTIONS: &str = "listenfd-connections-2";

/// Whether a descriptor of this name carries connections, of this or another version.
pub(crate) fn carries_connections(name: &str) -> bool {
    name.starts_with("listenfd-connections")
}

/// Whether a descriptor of this name carries connections of another [`HANDOFF_VERSION`]. Close it: the
/// process that has sent it notices, and serves the connections on.
#[must_use]
pub fn is_other_version(name: &str) -> bool {
    name != CONNECTIONS && carries_connections(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_ends_in_the_version() {
        assert!(CONNECTIONS.ends_with(&format!("-{HANDOFF_VERSION}")));
    }
}
