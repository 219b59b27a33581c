//! Signals that the parent of a command passes on to it, until it has ended.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitCode, ExitStatus};

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
pub(super) struct Signals {
    held: Vec<libc::c_int>,
    mask: sys::SignalMask,
}

impl Signals {
    /// Holds them from now on, but those that are ignored: they stay so.
    pub(super) fn hold() -> io::Result<Self> {
        let is_heard = |signal: &libc::c_int| {
            *signal == libc::SIGCHLD || !listenfd_core::internal::is_signal_ignored(*signal)
        };
        let held: Vec<_> = SIGNALS.into_iter().filter(is_heard).collect();
        let mask = sys::hold_signals(&held)?;
        Ok(Signals { held, mask })
    }

    /// Which were held before.
    pub(super) fn mask(&self) -> sys::SignalMask {
        self.mask
    }

    /// Passes them on until a child has ended, and waits for all others; `ends` is called when it is
    /// asked to end.
    pub(super) fn attend(&self, child: &Child, ends: impl Fn()) -> io::Result<ExitStatus> {
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
pub(super) fn end_as(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal() {
        sys::die_of(signal);
        // It does not end every process; so shells have it.
        return ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or_default()));
    }
    // The system has cut it to a byte.
    ExitCode::from(status.code().unwrap_or_default() as u8)
}
