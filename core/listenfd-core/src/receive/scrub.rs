//! What to keep from children.

use std::process::Command;

use super::protocol::VARIABLES;
use crate::handoff::fd_store;

/// Removes every socket activation variable from a child's environment.
///
/// The sockets themselves are close-on-exec and do not reach a child. Without `LISTEN_PID` (a
/// supplier run with `--no-pid`) the variables would tell the child of sockets it does not have.
///
/// ```
/// let mut command = std::process::Command::new("worker");
/// listenfd_core::scrub(&mut command);
/// ```
pub fn scrub(command: &mut Command) -> &mut Command {
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env_remove(fd_store::VARIABLE)
}
