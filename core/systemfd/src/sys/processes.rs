//! Signals, and the processes that they are sent to.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

/// Which signals are kept from acting.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask(libc::sigset_t);

/// Keeps these signals from acting on this process, and on the threads that it starts from now on:
/// they wait for [`next_signal`]. Programs that it starts inherit that, see [`as_before`]. Gives what
/// was kept before.
pub(crate) fn hold_signals(signals: &[libc::c_int]) -> io::Result<SignalMask> {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // Where nobody handles it, some systems do not keep it for later, and where it is ignored, the
    // end of a child is not told.
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

/// What a process is to have that is started by one that keeps connections.
#[derive(Clone, Copy)]
pub(crate) struct Before {
    /// The signals that were kept from acting.
    pub(crate) mask: SignalMask,
    /// How many files it could open.
    pub(crate) limit: OpenFiles,
}

/// Starts a command as if this process did not keep anything. Where the system can do so, it is asked
/// to end when this process was killed.
pub(crate) fn as_before<'a>(command: &'a mut Command, before: &Before) -> &'a mut Command {
    let Before { mask, limit } = *before;
    let parent = std::process::id();
    let set = move || {
        set_open_files(&limit)?;
        end_with_parent(parent)
    };
    let command = with_signals(command, mask);
    // SAFETY: between fork and exec, the closure makes system calls that are allowed there, and
    // allocates nothing.
    unsafe { command.pre_exec(set) }
}

/// Starts a command with these signals kept from acting.
pub(crate) fn with_signals(command: &mut Command, mask: SignalMask) -> &mut Command {
    let set = move || {
        // SAFETY: the pointer is to a live, initialised set; the old one is not asked for.
        let result = unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const mask.0, std::ptr::null_mut())
        };
        match result {
            0 => Ok(()),
            err => Err(io::Error::from_raw_os_error(err)),
        }
    };
    // SAFETY: between fork and exec, the closure makes one system call that is allowed there, and
    // allocates nothing.
    unsafe { command.pre_exec(set) }
}

/// Has this process asked to end when its parent has ended (`PR_SET_PDEATHSIG`, `prctl(2)`).
#[cfg(target_os = "linux")]
fn end_with_parent(parent: u32) -> io::Result<()> {
    // SAFETY: the call touches no memory.
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) };
    // SAFETY: the call takes nothing and cannot fail.
    let is_late = unsafe { libc::getppid() } as u32 != parent;
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ if is_late => Err(io::Error::from_raw_os_error(libc::ECHILD)),
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent(_: u32) -> io::Result<()> {
    Ok(())
}

/// How many files a process may open, and how far it can raise that (`RLIMIT_NOFILE`,
/// `getrlimit(2)`).
#[derive(Clone, Copy)]
pub(crate) struct OpenFiles(libc::rlimit);

/// Lets this process open as many files as it can have; gives what it was.
pub(crate) fn raise_open_files() -> io::Result<OpenFiles> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live structure.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let before = OpenFiles(limit);
    limit.rlim_cur = limit.rlim_max;
    // Some systems have another limit besides, above which this fails; then it stays as it is.
    let _ = set_open_files(&OpenFiles(limit));
    Ok(before)
}

fn set_open_files(limit: &OpenFiles) -> io::Result<()> {
    // SAFETY: the pointer is to a live structure.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit.0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether a terminal has a key for it. When it is closed, it sends another one, and that only to the
/// first of its processes.
fn is_key(signal: libc::c_int) -> bool {
    matches!(signal, libc::SIGINT | libc::SIGQUIT)
}

/// Waits for one of these signals, which are held. Tells it, and whether it is the terminal's, which
/// has sent it to all processes in its foreground.
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

/// Waits for one of these signals, which are held. Tells it, and whether it is taken for the
/// terminal's, which sends those of its keys to all processes in its foreground.
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

/// Whether there is such a process; one that has ended and was not waited for is one.
pub(crate) fn is_alive(pid: u32) -> bool {
    // SAFETY: kill touches no memory, and signal 0 does nothing.
    let found = unsafe { libc::kill(pid as libc::pid_t, 0) };
    found == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Waits for all children that have ended, also for those that others have left to this process, as
/// they do to the first one of a container. Tells how `child` has ended, when it has.
pub(crate) fn reap(child: u32) -> io::Result<Option<ExitStatus>> {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is to a live number. Whoever else would wait for a child is told that
        // there is none: the caller waits by this function alone.
        match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
            0 => return Ok(None),
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return Err(io::Error::last_os_error()),
            ended if ended as u32 == child => return Ok(Some(ExitStatus::from_raw(status))),
            _ => {}
        }
    }
}

/// Sends a signal to a child that was not waited for yet.
pub(crate) fn send_signal(child: u32, signal: libc::c_int) {
    // SAFETY: kill touches no memory; the number is that of our child until it is waited for.
    unsafe { libc::kill(child as libc::pid_t, signal) };
}

/// Ends this process as the signal would have, where it is one that ends processes. It leaves no core
/// dump, which would take the place of that of whoever it has happened to.
pub(crate) fn die_of(signal: libc::c_int) {
    let set = signal_set(&[signal]);
    leave_no_core_dump();
    // SAFETY: SIG_DFL runs no code of ours.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: the pointer is to a live, initialised set; the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut()) };
    // SAFETY: raise touches no memory.
    unsafe { libc::raise(signal) };
}

#[cfg(target_os = "linux")]
fn leave_no_core_dump() {
    // SAFETY: the call touches no memory.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
}

#[cfg(not(target_os = "linux"))]
fn leave_no_core_dump() {
    let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live structure.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const nothing) };
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

fn signal_set(signals: &[libc::c_int]) -> libc::sigset_t {
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
