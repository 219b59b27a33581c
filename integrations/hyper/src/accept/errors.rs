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

/// What helps when no connection can be accepted, for the log.
pub(super) fn cure(err: &io::Error) -> &'static str {
    match err.raw_os_error() {
        Some(number) if OUT_OF_DESCRIPTORS.contains(&number) => CURE,
        _ => "",
    }
}

/// `ENFILE` and `EMFILE`: the system, or the process, is out of descriptors. The numbers are the same on every
/// Unix.
#[cfg(unix)]
const OUT_OF_DESCRIPTORS: [i32; 2] = [23, 24];
#[cfg(unix)]
const CURE: &str = " (raise the limit of open files, LimitNOFILE= or ulimit -n)";

/// `WSAEMFILE` and `WSAENOBUFS`: the process is out of sockets, or the system out of memory for them.
#[cfg(windows)]
const OUT_OF_DESCRIPTORS: [i32; 2] = [10024, 10055];
#[cfg(windows)]
const CURE: &str = " (limit the connections, max_connections)";
