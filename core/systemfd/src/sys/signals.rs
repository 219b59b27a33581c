//! Signals: held until they are waited for, and sent.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::mem::MaybeUninit;

/// A set of held signals.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask(pub(super) libc::sigset_t);

/// Holds these signals for [`next_signal`], in this thread and in those that it starts from now on.
/// Programs inherit that; see [`start_with`](super::start_with). Returns the signals that were held before.
pub(crate) fn hold_signals(signals: &[libc::c_int]) -> io::Result<SignalMask> {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // Without a handler, some systems do not hold it; and where it is ignored, they do not send it.
    // SAFETY: the handler does nothing, which is allowed at any time.
    unsafe { libc::signal(libc::SIGCHLD, handler as libc::sighandler_t) };
    let set = signal_set(signals);
    let mut before = signal_set(&[]);
    // SAFETY: the pointers are to live, initialised sets.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before) } {
        0 => Ok(SignalMask(before)),
        err => Err(io::Error::from_raw_os_error(err)),
    }
}

/// Whether a terminal has a key for it. SIGHUP is none: a terminal that closes sends it to its first
/// process only.
fn is_key(signal: libc::c_int) -> bool {
    matches!(signal, libc::SIGINT | libc::SIGQUIT)
}

/// Waits for one of these signals, which are held. Returns it, and whether the terminal has sent it, to
/// all processes in its foreground.
#[cfg(target_os = "linux")]
pub(crate) fn next_signal(signals: &[libc::c_int]) -> io::Result<(libc::c_int, bool)> {
    let set = signal_set(signals);
    let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
    loop {
        // SAFETY: the pointers are to a live, initialised set, and to memory of the size of the
        // structure.
        let signal = unsafe { libc::sigwaitinfo(&raw const set, info.as_mut_ptr()) };
        if signal != -1 {
            // SAFETY: on success it is filled.
            let code = unsafe { info.assume_init_ref() }.si_code;
            return Ok((signal, is_key(signal) && code == SI_KERNEL));
        }
        let err = io::Error::last_os_error();
        if err.kind() != io::ErrorKind::Interrupted {
            return Err(err);
        }
    }
}

/// Sent by the kernel itself (`sigaction(2)`).
#[cfg(target_os = "linux")]
const SI_KERNEL: libc::c_int = 0x80;

/// Waits for one of these signals, which are held. Returns it, and whether the terminal seems to have
/// sent it, to all processes in its foreground.
#[cfg(not(target_os = "linux"))]
pub(crate) fn next_signal(signals: &[libc::c_int]) -> io::Result<(libc::c_int, bool)> {
    let set = signal_set(signals);
    let mut signal = 0;
    // SAFETY: the pointers are to a live, initialised set and to a live number.
    match unsafe { libc::sigwait(&raw const set, &raw mut signal) } {
        0 => Ok((signal, is_key(signal) && is_in_foreground())),
        err => Err(io::Error::from_raw_os_error(err)),
    }
}

/// Sends a signal to a child that was not waited for yet.
pub(crate) fn send_signal(child: u32, signal: libc::c_int) {
    // SAFETY: kill touches no memory; the number is that of our child until it is waited for.
    unsafe { libc::kill(child as libc::pid_t, signal) };
}

/// Whether this process is in the foreground of its terminal.
#[cfg(not(target_os = "linux"))]
fn is_in_foreground() -> bool {
    use std::os::fd::AsRawFd;
    // Where it has none, this cannot be opened.
    let Ok(terminal) = std::fs::File::open("/dev/tty") else {
        return false;
    };
    // SAFETY: the descriptor is open, and the function takes nothing else.
    let foreground = unsafe { libc::tcgetpgrp(terminal.as_raw_fd()) };
    // SAFETY: the function takes nothing and cannot fail.
    foreground == unsafe { libc::getpgrp() }
}

pub(super) fn signal_set(signals: &[libc::c_int]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the pointer is to memory of the size of a set, which the function fills.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it is filled.
    let mut set = unsafe { set.assume_init() };
    for signal in signals {
        // SAFETY: the pointer is to an initialised set.
        unsafe { libc::sigaddset(&raw mut set, *signal) };
    }
    set
}
