//! Being the first process of a container, which has duties that a program does not know of.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus};

use crate::sys;

/// Passed on to the command; and the news of its end.
const SIGNALS: [libc::c_int; 7] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGCHLD,
];

/// Signals that are held, to be passed on.
pub(crate) struct Signals {
    held: Vec<libc::c_int>,
    mask: sys::SignalMask,
}

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
    let child = sys::with_signals(&mut command, signals.mask).spawn()?;
    Ok(end_as(signals.attend(&child, || {})?))
}

impl Signals {
    /// Holds them from now on, but those that are ignored: they stay so.
    pub(crate) fn hold() -> io::Result<Self> {
        let is_heard = |signal: &libc::c_int| {
            *signal == libc::SIGCHLD || !listenfd_core::ignores_signal(*signal)
        };
        let held: Vec<_> = SIGNALS.into_iter().filter(is_heard).collect();
        let mask = sys::hold_signals(&held)?;
        Ok(Signals { held, mask })
    }

    /// Which were held before.
    pub(crate) fn mask(&self) -> sys::SignalMask {
        self.mask
    }

    /// Passes them on until a child has ended, and waits for all others; `ends` is called when it is
    /// asked to end.
    pub(crate) fn attend(&self, child: &Child, ends: impl Fn()) -> io::Result<ExitStatus> {
        loop {
            let (signal, is_of_terminal) = sys::next_signal(&self.held)?;
            if let Some(status) = sys::reap(child.id())? {
                return Ok(status);
            }
            if matches!(signal, libc::SIGTERM | libc::SIGINT | libc::SIGQUIT) {
                ends();
            }
            if signal != libc::SIGCHLD && !is_of_terminal {
                sys::send_signal(child.id(), signal);
            }
        }
    }
}

/// Ends this process as another one has ended.
pub(crate) fn end_as(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal() {
        sys::die_of(signal);
        // It does not end every process; so shells have it.
        return ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or_default()));
    }
    // The system has cut it to a byte.
    ExitCode::from(status.code().unwrap_or_default() as u8)
}
