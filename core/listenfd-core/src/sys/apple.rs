//! macOS: what differs from the BSDs.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use socket2::Socket;

use crate::error::Holder;

/// No flag: Rust programs ignore SIGPIPE, and older versions do not know `MSG_NOSIGNAL`.
pub(in crate::sys) const SEND_FLAGS: libc::c_int = 0;
/// No flag: there is none for close-on-exec, which is set a moment later. A process that is started in
/// between inherits the descriptor.
pub(in crate::sys) const RECEIVE_FLAGS: libc::c_int = 0;

/// Whether a descriptor that was sent stays open when the sender closes its own copy before it is received
/// (`SCM_RIGHTS`). Not here: connections have been lost so, says the IPC code of Chromium and of Node, which
/// wait with the close until the receiver has answered. Our sender ends before there is a receiver.
pub(crate) const KEEPS_SENT_FDS: bool = false;

/// The process at the other end of a connected Unix socket (`LOCAL_PEERPID`, `unix(4)`).
pub(crate) fn peer_process(socket: &Socket) -> Option<Holder> {
    let pid = peer_pid(socket.as_fd())?;
    Some(Holder { pid, name: name_of(pid) })
}

/// The process that has connected to a socket, or that listens at its other end (`LOCAL_PEERPID`,
/// `unix(4)`).
pub(crate) fn peer_pid(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut pid: libc::pid_t = 0;
    let mut size = size_of::<libc::pid_t>() as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed; `pid` and `size` are live, and `size` is the
    // size of `pid`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_LOCAL,
            libc::LOCAL_PEERPID,
            (&raw mut pid).cast(),
            &raw mut size,
        )
    };
    u32::try_from(pid).ok().filter(|pid| result == 0 && *pid > 0)
}

fn name_of(pid: u32) -> String {
    /// More than the system writes, with a NUL byte (`PROC_PIDPATHINFO_MAXSIZE` is for paths).
    const ROOM: usize = 256;
    let mut name = [0_u8; ROOM];
    // SAFETY: the pointer is to memory of the size that is given. The last byte is not given away, so a NUL
    // byte remains at the end.
    let written =
        unsafe { libc::proc_name(pid as libc::c_int, name.as_mut_ptr().cast(), (ROOM - 1) as u32) };
    let name =
        CStr::from_bytes_until_nul(&name).ok().filter(|name| written > 0 && !name.is_empty());
    name.map_or_else(|| "a process".to_owned(), |name| name.to_string_lossy().into_owned())
}
