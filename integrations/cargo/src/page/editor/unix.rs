//! How the command of an editor starts on Unix.

use std::ffi::{OsStr, OsString};

use tokio::process::Command;

/// The program: the system looks for it.
pub(super) fn find_program(name: &OsStr) -> OsString {
    name.into()
}

/// Lets Ctrl-C in our terminal pass it by.
pub(super) fn in_own_group(command: &mut Command) -> &mut Command {
    command.process_group(0)
}
