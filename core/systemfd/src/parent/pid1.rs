//! The first process of a container (pid 1), which has duties that a program does not know of.

use std::io;
use std::process::{Command, ExitCode};

use super::signals::{Signals, end_as};
use crate::sys;

/// Runs a command below this process, which is the first one of a container: passes signals on,
/// waits for all processes whose parents have ended, and ends as the command does. To be called
/// before there are threads.
///
/// # Errors
///
/// When the command cannot be executed, or the system does not tell of signals or of its end.
#[doc(hidden)]
pub fn as_first_process(mut command: Command) -> io::Result<ExitCode> {
    let signals = Signals::hold()?;
    let child = sys::with_signals(&mut command, signals.mask()).spawn()?;
    Ok(end_as(signals.attend(&child, || {})?))
}
