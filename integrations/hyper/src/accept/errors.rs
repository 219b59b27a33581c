//! Which errors of accept(2) are those of one connection.

use std::io;

/// Errors of a connection that died in the queue, and on Linux pending network errors of the new
/// socket (`accept(2)`, "Error handling"); the next accept is as good as any.
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
