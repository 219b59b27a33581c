//! Windows: sockets instead of descriptors (`sockets.rs`), and what Unix has and Windows has not.

mod sockets;

use std::net::SocketAddr;

pub(crate) use sockets::{
    Borrowed, Owned, as_backlog, is_unknown_family, kind, leave_completion_port, local_addr,
    open_duplicate, peek, set_nonblocking, set_reuse,
};

use crate::error::Holder;

/// The usual reason why a port may not be bound, and its cure.
pub(crate) const PORT_DENIED: &str = " (another program holds the port for itself, or Windows reserves it, see `netsh int ipv4 show \
     excludedportrange tcp`; use another one)";

/// The `IPV6_V6ONLY` of a socket at every IPv6 address: as on Linux it takes IPv4 clients, too. Windows has no
/// setting for it, and would leave them out.
pub(crate) const EVERY_IPV6_ONLY: Option<bool> = Some(false);

/// There are no pidfds.
pub(crate) fn pidfd_id() -> Option<u64> {
    None
}

/// There are no signals that a parent can switch off.
pub(crate) fn is_signal_ignored(_signal: i32) -> bool {
    false
}

/// Not told here.
pub(crate) fn in_the_way(_addr: SocketAddr, _udp: bool) -> Option<(Holder, SocketAddr)> {
    None
}
