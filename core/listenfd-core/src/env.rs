//! The environment: the one place that reads it, and what to keep from children.

use std::ffi::OsString;
use std::process::Command;

use crate::protocol::{VARIABLES, Vars};

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
    command.env_remove(crate::store::VARIABLE)
}

/// The variables of socket activation, as this process was given them.
pub(crate) fn vars() -> Vars {
    Vars::from_fn(process_variable)
}

/// One variable of this process's environment; an empty one counts as unset.
///
/// Here, so that every crate of the project reads the environment in one place.
#[must_use]
#[doc(hidden)]
pub fn process_variable(name: &str) -> Option<OsString> {
    process_variable_as_it_is(name).filter(|value| !value.is_empty())
}

/// The same; an empty one counts as set.
#[must_use]
#[doc(hidden)]
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn process_variable_as_it_is(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
