//! The other processes that this program can be: the exec shim, the cleanup process, and the first
//! process of a container.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::children::{cleanup, exec_shim};
use crate::sys;

/// The exit status of a start that fails, as clap's for invalid arguments.
const CANNOT_BEGIN: u8 = 2;

/// The exit status of a program that cannot be started, as `env(1)` has it.
const NOT_FOUND: u8 = 127;

/// Runs such a process, if this is one. These are its arguments.
pub(crate) fn run(arguments: &[OsString]) -> Option<ExitCode> {
    match arguments.first().and_then(|first| first.to_str()) {
        Some(exec_shim::ARGUMENT) => Some(exec_shim::run(arguments.iter().skip(1).cloned())),
        Some(cleanup::ARGUMENT) => Some(cleanup::run()),
        _ if std::process::id() == 1 => Some(below_first_process(arguments)),
        _ => None,
    }
}

/// Becomes another program. Returns only if that cannot be started.
#[allow(clippy::print_stderr, reason = "cargo shows it")]
pub(crate) fn become_program(mut command: Command) -> ExitCode {
    let err = command.exec();
    eprintln!("error: cannot run {:?}: {err}", command.get_program());
    NOT_FOUND.into()
}

/// Runs this program as a child. This process is the first one of a container, so it has to wait
/// for the orphans of others, such as builds.
#[allow(clippy::print_stderr, reason = "the screen belongs to the child")]
fn below_first_process(arguments: &[OsString]) -> ExitCode {
    let started = sys::this_program().and_then(|program| {
        let mut command = Command::new(program);
        command.arg0(std::env::args_os().next().unwrap_or_default()).args(arguments);
        listenfd_systemfd::internal::run_below_pid1(command)
    });
    started.unwrap_or_else(|err| {
        eprintln!("error: cannot start as the first process of a container: {err}");
        CANNOT_BEGIN.into()
    })
}
