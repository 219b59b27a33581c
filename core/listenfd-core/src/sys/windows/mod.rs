//! Windows: sockets instead of descriptors (`sockets.rs`), the process that holds a port
//! (`holder.rs`), named events and processes to wait for (`events.rs`), and what Unix has and Windows has not.

mod events;
mod holder;
mod sockets;

pub(crate) use events::{
    is_signaled, open_event, open_process, random_bytes, set_event, wait_for_any,
};
pub(crate) use holder::in_the_way;
pub(crate) use sockets::{
    Borrowed, Owned, as_backlog, is_unknown_family, kind, leave_completion_port, local_addr,
    open_duplicate, peek, set_nonblocking, set_reuse,
};

/// A port that another socket has for itself can be denied instead of in use.
pub(crate) const DENIES_PORTS_IN_USE: bool = true;

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
