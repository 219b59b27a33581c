//! Descriptors: put at chosen numbers, compared, and looked at.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Puts the sockets at `first` and up, in order, so that the next program inherits them. It closes other
/// descriptors there, so it is for a process that is about to be replaced.
pub(crate) fn place(sockets: Vec<OwnedFd>, first: u32) -> io::Result<()> {
    let first = RawFd::try_from(first).unwrap_or(RawFd::MAX);
    let count = RawFd::try_from(sockets.len()).unwrap_or(RawFd::MAX);
    // Sources and targets may overlap, so all sockets move out of the way first. The copies are
    // close-on-exec, so the next program does not inherit them.
    let moved = sockets
        .iter()
        .map(|socket| duplicate_above(socket, first.saturating_add(count)))
        .collect::<io::Result<Vec<_>>>()?;
    drop(sockets);
    for (socket, target) in moved.iter().zip(first..) {
        // SAFETY: dup2 touches no memory; `socket` is open and differs from `target`. A descriptor
        // that was open at `target` is not used again: the caller's next step is exec, and where that
        // fails, its documentation says to end the process.
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

/// Whether both are copies of one descriptor (`KCMP_FILE`, `kcmp(2)`). `false` where the system does
/// not tell.
#[cfg(target_os = "linux")]
pub(crate) fn is_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    const KCMP_FILE: libc::c_long = 0;
    let own = libc::c_long::from(std::process::id() as libc::pid_t);
    let [one, other] = [one, other].map(|fd| libc::c_long::from(fd.as_raw_fd()));
    // SAFETY: the call takes numbers and touches no memory.
    unsafe { libc::syscall(libc::SYS_kcmp, own, own, KCMP_FILE, one, other) == 0 }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_same(_: BorrowedFd<'_>, _: BorrowedFd<'_>) -> bool {
    false
}

/// Whether the other end of a descriptor is gone, or the descriptor has failed (`poll(2)`).
pub(crate) fn is_hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: 0, revents: 0 };
    // SAFETY: the pointer is to one live structure, which poll fills; the descriptor is open.
    let found = unsafe { libc::poll(&raw mut poll, 1, 0) };
    found > 0 && poll.revents & (libc::POLLHUP | libc::POLLERR) != 0
}

/// Locks a file or a folder, if it is not locked (`flock(2)`). The lock ends with the file.
pub(crate) fn try_lock(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open, and flock touches no memory.
    match unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
