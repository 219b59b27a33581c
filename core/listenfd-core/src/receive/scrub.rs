//! Hides the handed sockets from child processes.

use std::process::Command;

use super::protocol::VARIABLES;
use crate::handoff::fd_store;
use crate::page_socket;

/// Removes every socket activation variable from a child's environment, and what `cargo devserver` tells
/// its program.
///
/// The sockets themselves are close-on-exec, so a child does not inherit them. Without `LISTEN_PID` (a
/// supplier run with `--no-pid`) the variables would announce sockets that the child does not have.
///
/// ```
/// let mut command = std::process::Command::new("worker");
/// listenfd_core::scrub(&mut command);
/// ```
pub fn scrub(command: &mut Command) -> &mut Command {
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env_remove(fd_store::VARIABLE).env_remove(page_socket::VARIABLE)
}
