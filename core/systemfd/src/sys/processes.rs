//! Processes: how they start and end.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use super::open_files::OpenFiles;
use super::signals::{SignalMask, signal_set};

/// Settings of this process before it changed them for itself. Its command inherits them.
#[derive(Clone, Copy)]
pub(crate) struct Inherited {
    /// The signals that were held.
    pub(crate) mask: SignalMask,
    /// The limit of open files.
    pub(crate) open_files: OpenFiles,
}

/// Makes a command inherit that. Where the system can do so, it asks the command to end when this
/// process was killed.
pub(crate) fn start_with<'a>(command: &'a mut Command, inherited: &Inherited) -> &'a mut Command {
    let Inherited { mask, open_files } = *inherited;
    let parent = std::process::id();
    let set = move || {
        open_files.restore()?;
        end_with_parent(parent)
    };
    let command = with_signals(command, mask);
    // SAFETY: between fork and exec, the closure makes system calls that are allowed there, and
    // allocates nothing.
    unsafe { command.pre_exec(set) }
}

/// Makes a command start with these signals held.
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

/// Makes the system ask this process to end when its parent has ended (`PR_SET_PDEATHSIG`, `prctl(2)`).
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

/// Whether there is such a process, also one that has ended and was not waited for.
pub(crate) fn is_alive(pid: u32) -> bool {
    // SAFETY: kill touches no memory, and signal 0 does nothing.
    let found = unsafe { libc::kill(pid as libc::pid_t, 0) };
    found == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Waits for all children that have ended, also for orphans, whose parent is the first process of a
/// container. Returns how `child` has ended, when it has.
pub(crate) fn reap(child: u32) -> io::Result<Option<ExitStatus>> {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is to a live number. The caller waits for children by this function alone,
        // so no other code loses the status of its child.
        match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
            0 => return Ok(None),
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return Err(io::Error::last_os_error()),
            ended if ended as u32 == child => return Ok(Some(ExitStatus::from_raw(status))),
            _ => {}
        }
    }
}

/// Ends this process as the signal would have, where it is one that ends processes. It leaves no core
/// dump, which would overwrite that of the child.
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
