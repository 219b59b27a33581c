//! Descriptors at chosen numbers, signals, and users and groups by name.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Puts the sockets at `first` and up, in order, inherited by the next program; what was open
/// there is closed. Only for a process that is about to be replaced.
pub(crate) fn place(sockets: Vec<OwnedFd>, first: u32) -> io::Result<()> {
    let first = RawFd::try_from(first).unwrap_or(RawFd::MAX);
    let count = RawFd::try_from(sockets.len()).unwrap_or(RawFd::MAX);
    // Sources and targets may overlap, so all move out of the way first. The copies stay
    // close-on-exec, so the next program sees none of them.
    let moved = sockets
        .iter()
        .map(|socket| duplicate_above(socket, first.saturating_add(count)))
        .collect::<io::Result<Vec<_>>>()?;
    drop(sockets);
    for (socket, target) in moved.iter().zip(first..) {
        // SAFETY: dup2 touches no memory; `socket` is open and differs from `target`. What may be
        // open at `target` is used no more: the caller's next step is exec, and should that fail,
        // its own caller is told to end the process.
        if unsafe { libc::dup2(socket.as_raw_fd(), target) } == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn duplicate_above(socket: &OwnedFd, lowest: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor is open, and F_DUPFD_CLOEXEC touches no memory.
    match unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel has just given us this number.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

/// Whether the other end of what is open there is gone, or it has failed (`poll(2)`).
pub(crate) fn is_hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: 0, revents: 0 };
    // SAFETY: the pointer is to one live structure, which poll fills; the descriptor is open.
    let found = unsafe { libc::poll(&raw mut poll, 1, 0) };
    found > 0 && poll.revents & (libc::POLLHUP | libc::POLLERR) != 0
}

/// Which signals are kept from acting.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask(libc::sigset_t);

/// Keeps these signals from acting on this process, and on the threads that it starts from now on:
/// they wait for [`next_signal`]. Programs that it starts inherit that, see [`with_mask`]. Gives what
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

/// Starts a command with these signals kept, and no others.
pub(crate) fn with_mask<'a>(command: &'a mut Command, mask: &SignalMask) -> &'a mut Command {
    let mask = *mask;
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
    // SAFETY: between fork and exec, the closure makes one call that is allowed there, and allocates
    // nothing.
    unsafe { command.pre_exec(set) }
}

/// Waits for one of these signals, which are held.
pub(crate) fn next_signal(signals: &[libc::c_int]) -> io::Result<libc::c_int> {
    let set = signal_set(signals);
    let mut signal = 0;
    // SAFETY: the pointers are to a live, initialised set and to a live number.
    match unsafe { libc::sigwait(&raw const set, &raw mut signal) } {
        0 => Ok(signal),
        err => Err(io::Error::from_raw_os_error(err)),
    }
}

/// Whether there is such a process; one that has ended and was not waited for is one.
pub(crate) fn is_alive(pid: u32) -> bool {
    // SAFETY: kill touches no memory, and signal 0 does nothing.
    let found = unsafe { libc::kill(pid as libc::pid_t, 0) };
    found == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Sends a signal to a child that was not waited for yet.
pub(crate) fn send_signal(child: u32, signal: libc::c_int) {
    // SAFETY: kill touches no memory; the number is that of our child until it is waited for.
    unsafe { libc::kill(child as libc::pid_t, signal) };
}

/// Ends this process as the signal would have, where it is one that ends processes.
pub(crate) fn die_of(signal: libc::c_int) {
    let set = signal_set(&[signal]);
    // SAFETY: SIG_DFL runs no code of ours.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: the pointer is to a live, initialised set; the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut()) };
    // SAFETY: raise touches no memory.
    unsafe { libc::raise(signal) };
}

/// Whether this process is in the foreground of its terminal, which sends its signals to all
/// processes there.
pub(crate) fn is_in_foreground() -> bool {
    // Where it has none, this cannot be opened.
    let Ok(terminal) = File::open("/dev/tty") else {
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

/// The number of a user, by name (`getpwnam_r(3)`).
pub(crate) fn user_id(name: &str) -> Option<u32> {
    look_up(libc::getpwnam_r, name, |entry| entry.pw_uid)
}

/// The number of a group, by name (`getgrnam_r(3)`).
pub(crate) fn group_id(name: &str) -> Option<u32> {
    look_up(libc::getgrnam_r, name, |entry| entry.gr_gid)
}

/// `getpwnam_r` or `getgrnam_r`.
type LookUp<T> = unsafe extern "C" fn(
    *const libc::c_char,
    *mut T,
    *mut libc::c_char,
    libc::size_t,
    *mut *mut T,
) -> libc::c_int;

/// `number` sees the entry while the strings that it points to are there.
fn look_up<T>(function: LookUp<T>, name: &str, number: impl FnOnce(&T) -> u32) -> Option<u32> {
    /// Room for the strings of one entry; a group can have many members.
    const ROOM: usize = 64 * 1024;
    let name = CString::new(name).ok()?;
    let mut entry = MaybeUninit::<T>::uninit();
    let mut buffer: Vec<libc::c_char> = vec![0; ROOM];
    let mut found = std::ptr::null_mut();
    // SAFETY: `function` is one of the two that the type is named after, both callers are above;
    // `name` ends with a NUL byte; the pointers are to live memory of the sizes given.
    let result = unsafe {
        function(
            name.as_ptr(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: on success with a result, the entry is filled.
    Some(number(unsafe { entry.assume_init_ref() }))
}
