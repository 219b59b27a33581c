//! Why `systemfd` ends without an exit status of the command, and with which one.

use std::ffi::OsStr;
use std::io;

/// The exit statuses of `env(1)`, `nohup(1)` and `timeout(1)`.
pub(super) const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// An exit status, and the reason for it.
pub(super) type Failure = (u8, anyhow::Error);

/// The failure of a command that could not be started, with a hint for its cure.
pub(super) fn not_run(program: &OsStr, hint: &str, err: io::Error) -> Failure {
    let code = match err.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    };
    (code, anyhow::Error::new(err).context(format!("cannot run {program:?}{hint}")))
}
