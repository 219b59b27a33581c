//! Hides the handed sockets from child processes.

use std::process::Command;

#[cfg(windows)]
use super::from_env::{SECRET_VARIABLE, SERVER_VARIABLE};
use super::protocol::VARIABLES;
#[cfg(unix)]
use crate::handoff::fd_store;
use crate::page_socket;

/// What else a supplier tells its program on this platform.
#[cfg(unix)]
const OTHERS: [&str; 2] = [fd_store::VARIABLE, page_socket::VARIABLE];
#[cfg(windows)]
const OTHERS: [&str; 4] =
    [SERVER_VARIABLE, SECRET_VARIABLE, "LISTENFD_EVENTS", page_socket::VARIABLE];

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
    for variable in VARIABLES.into_iter().chain(OTHERS) {
        command.env_remove(variable);
    }
    command
}
