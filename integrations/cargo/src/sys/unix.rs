//! System calls for which there is no safe wrapper.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::fs::{File, Metadata};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::RecvFlags;
use rustix::process::{Pid, Signal};

use super::platform::numbers;

/// A socket.
pub(crate) type Owned = OwnedFd;

/// A socket that has another owner.
pub(crate) type Borrowed<'a> = BorrowedFd<'a>;

pub(crate) fn borrowed(socket: &Owned) -> Borrowed<'_> {
    socket.as_fd()
}

/// Inode, size and time of the last change of a file.
pub(crate) type FileIdentity = (u64, u64, i64, i64);

pub(crate) fn file_identity(metadata: &Metadata) -> FileIdentity {
    (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// The width of the terminal that shows our stderr.
pub(crate) fn terminal_columns() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stderr()).map(|size| size.ws_col).ok()
}

/// Our stderr, once more.
pub(crate) fn our_stderr() -> io::Result<OwnedFd> {
    io::stderr().as_fd().try_clone_to_owned()
}

/// Why there can be no overlap of two programs: there can.
pub(crate) const NO_OVERLAP: Option<&str> = None;

/// Does nothing: no child inherits a socket that was accepted.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn hide_from_children(_socket: &impl AsFd) -> io::Result<()> {
    Ok(())
}

/// Copies the bytes that have arrived on a non-blocking socket; they stay unread.
pub(crate) fn peek(socket: &impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (length, _) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
    Ok(length)
}

/// The numbers at which sockets are handed over, in their order.
pub(crate) fn handed_fds() -> impl Iterator<Item = Option<u32>> {
    (listenfd_core::protocol::FIRST_FD..).map(Some)
}

/// Makes a socket a blocking one, for all that have it.
pub(crate) fn set_blocking(socket: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(socket, false)?)
}

/// Ignores signals in this process. Programs that it starts inherit that.
pub(crate) fn ignore(signals: &[Signal]) {
    for signal in signals {
        // SAFETY: SIG_IGN runs no code of ours; where a signal cannot be ignored, nothing happens.
        unsafe { libc::signal(signal.as_raw(), libc::SIG_IGN) };
    }
}

/// Blocks a signal in the calling thread. A forbidden operation in the background then fails
/// instead of stopping the process: for SIGTTIN, a read from the terminal.
pub(crate) fn block(signal: Signal) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the pointer is to memory of the size of a set, which the function fills.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it is filled.
    let mut set = unsafe { set.assume_init() };
    // SAFETY: the pointer is to an initialised set.
    unsafe { libc::sigaddset(&raw mut set, signal.as_raw()) };
    // SAFETY: the pointer is to an initialised set; the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
}

/// Stops this process as the signal does without a handler. Returns when the process goes on: at
/// once where no shell could continue it (`setpgid(2)`, orphaned process groups).
pub(crate) fn stop_by(signal: Signal) -> io::Result<()> {
    let mut handled = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: zeros are a valid action.
    let mut default: libc::sigaction = unsafe { std::mem::zeroed() };
    default.sa_sigaction = libc::SIG_DFL;
    // SAFETY: the pointers are to a live action and to memory of the size of one, which is filled
    // on success.
    let set = unsafe { libc::sigaction(signal.as_raw(), &raw const default, handled.as_mut_ptr()) };
    if set != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: raise touches no memory.
    unsafe { libc::raise(signal.as_raw()) };
    // SAFETY: the pointer is to the action that was there before; the one that is there now is not
    // asked for.
    match unsafe { libc::sigaction(signal.as_raw(), handled.as_ptr(), std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Forks this process, which must have one thread. Returns the child's id in the parent, and `None`
/// in the child.
pub(crate) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the exec shim has one thread, so no lock is held in the new process by a thread that
    // it does not have.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(Pid::from_raw(pid)),
    }
}

/// Leaves a descriptor open in the process that a command starts, at the same number. A descriptor
/// that the command is later told to put there takes its place.
pub(crate) fn inherit(command: &mut Command, fd: OwnedFd) -> RawFd {
    let number = fd.as_raw_fd();
    let keep = move || Ok(fcntl_setfd(&fd, FdFlags::empty())?);
    // SAFETY: between fork and exec, the closure makes one system call that is allowed there, and
    // allocates nothing.
    unsafe { command.pre_exec(keep) };
    number
}

/// Takes a descriptor that [`inherit`] has left open, and makes it close-on-exec.
pub(crate) fn take_inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_SETFD touches no memory; for a number at which nothing is open the kernel answers
    // EBADF.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, as was just seen, and is no one else's: it was left open for this call,
    // and its number was given to this process alone.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Closes all descriptors but one, and redirects stdin, stdout and stderr to `/dev/null`. Only for
/// a process in which nothing else owns descriptors.
pub(crate) fn close_all_but(kept: &OwnedFd) -> io::Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nowhere)?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    drop(nowhere);
    for number in numbers()?.into_iter().filter(|number| *number > 2 && *number != kept.as_raw_fd())
    {
        // SAFETY: nothing in this process owns it, says the caller; it may be closed already, for
        // the list had one of its own.
        unsafe { libc::close(number) };
    }
    Ok(())
}
