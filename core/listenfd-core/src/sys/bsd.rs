//! The BSDs: what differs from macOS.

use std::os::fd::BorrowedFd;

use socket2::Socket;

use crate::error::Holder;

/// No signal where the other end is closed (`send(2)`).
pub(in crate::sys) const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL;
/// Close-on-exec from the beginning (`recv(2)`).
pub(in crate::sys) const RECEIVE_FLAGS: libc::c_int = libc::MSG_CMSG_CLOEXEC;

/// Whether a descriptor that was sent stays open when the sender closes its own copy before it is received
/// (`SCM_RIGHTS`, `unix(4)`).
pub(crate) const KEEPS_SENT_FDS: bool = true;

/// Unknown: only FreeBSD 13 and later tell it, with the user (`LOCAL_PEERCRED`, `unix(4)`).
pub(crate) fn peer_process(_socket: &Socket) -> Option<Holder> {
    None
}

/// Unknown, for the same reason.
pub(crate) fn peer_pid(_socket: BorrowedFd<'_>) -> Option<u32> {
    None
}
