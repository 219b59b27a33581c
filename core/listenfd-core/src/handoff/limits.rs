//! Errors for limits of the system, with their cure.

use std::io;

pub(super) fn too_many_open_files() -> io::Error {
    io::Error::other("too many open files; raise the limit (LimitNOFILE= or ulimit -n)")
}

/// The system limits how many descriptors all processes of a user may have sent that no process has
/// received yet (`unix(7)`, `ETOOMANYREFS`).
pub(super) fn too_many_in_flight() -> io::Error {
    io::Error::other(
        "too many descriptors of this user are on their way between processes; raise the limit \
         (LimitNOFILE= or ulimit -n)",
    )
}
