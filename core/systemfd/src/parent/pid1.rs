//! The first process of a container (pid 1), which has to wait for orphans.

use std::io;
use std::process::{Command, ExitCode};

use super::signals::{Signals, end_as};
use crate::sys;

/// Runs a command as a child of this process, which is the first process of a container: passes
/// signals on, waits for all processes whose parents have ended, and ends as the command does. Call it
/// before there are threads.
///
/// # Errors
///
/// When the command cannot be executed; when the system does not tell of signals or of its end.
pub fn run_below_pid1(mut command: Command) -> io::Result<ExitCode> {
    let signals = Signals::hold()?;
    let child = sys::with_signals(&mut command, signals.mask()).spawn()?;
    Ok(end_as(signals.pass_on_until_end(&child, || {})?))
}
