//! Which errors of accept(2) are those of one connection.

use std::io;

/// Whether the connection has died in the queue, or on Linux has a pending network error (`accept(2)`, "Error
/// handling"). The next accept may succeed.
pub(super) fn concerns_one_connection(err: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(
        err.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}
