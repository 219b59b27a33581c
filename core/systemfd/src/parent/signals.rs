//! Signals that the parent of a command passes on to it, until it has ended.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitCode, ExitStatus};

use crate::sys;

/// The signals that are passed on to the command, and SIGCHLD, which tells of its end.
const SIGNALS: [libc::c_int; 7] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGCHLD,
];

/// Signals that are held until they are passed on.
pub(super) struct Signals {
    held: Vec<libc::c_int>,
    mask: sys::SignalMask,
}

impl Signals {
    /// Holds them from now on, but for those that are ignored: these stay ignored.
    pub(super) fn hold() -> io::Result<Self> {
        let is_held = |signal: &libc::c_int| {
            *signal == libc::SIGCHLD || !listenfd_core::internal::is_signal_ignored(*signal)
        };
        let held: Vec<_> = SIGNALS.into_iter().filter(is_held).collect();
        let mask = sys::hold_signals(&held)?;
        Ok(Signals { held, mask })
    }

    /// The signals that were held before.
    pub(super) fn mask(&self) -> sys::SignalMask {
        self.mask
    }

    /// Passes them on to a child until it has ended, and waits for all other children; calls
    /// `on_stop` when the child is asked to end.
    pub(super) fn pass_on_until_end(
        &self,
        child: &Child,
        on_stop: impl Fn(),
    ) -> io::Result<ExitStatus> {
        loop {
            let (signal, is_of_terminal) = sys::next_signal(&self.held)?;
            if let Some(status) = sys::reap(child.id())? {
                return Ok(status);
            }
            if matches!(signal, libc::SIGTERM | libc::SIGINT | libc::SIGQUIT) {
                on_stop();
            }
            if signal != libc::SIGCHLD && !is_of_terminal {
                sys::send_signal(child.id(), signal);
            }
        }
    }
}

/// Ends this process with the status of a child, or by the signal that has ended it.
pub(super) fn end_as(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal() {
        sys::die_of(signal);
        // Where this process survives it: the status that shells give.
        return ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or_default()));
    }
    // The system cuts it to a byte.
    ExitCode::from(status.code().unwrap_or_default() as u8)
}
