//! What the standard library has no safe word for.
#![allow(unsafe_code, reason = "a system call without a safe wrapper")]

/// Lets this process write to its terminal, and set it, from the background: `SIGTTOU` would stop
/// it otherwise (`termios(3)`).
pub(crate) fn ignore_terminal_output_stop() {
    // SAFETY: SIG_IGN runs no code of ours, and SIGTTOU is a valid signal.
    unsafe { libc::signal(libc::SIGTTOU, libc::SIG_IGN) };
}
