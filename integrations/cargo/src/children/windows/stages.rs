//! The other processes that this program can be: it is none of its own children on Windows.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Runs this program as a child of itself, if these arguments ask for it: they never do.
pub(crate) fn run(_arguments: &[OsString]) -> Option<ExitCode> {
    None
}

/// Runs another program in place of this one. Returns its exit code.
#[allow(clippy::print_stderr, reason = "cargo shows it")]
pub(crate) fn become_program(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(err) => {
            eprintln!("error: cannot run {:?}: {err}", command.get_program());
            NOT_FOUND.into()
        }
    }
}

/// The exit status of a program that cannot be started, as `env(1)` has it.
const NOT_FOUND: u8 = 127;
