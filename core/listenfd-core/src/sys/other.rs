//! macOS and the BSDs, which have no pidfds and no abstract names, and do not tell which process holds a port.
//! `apple.rs` and `bsd.rs` have what differs between these.

#[cfg(not(target_vendor = "apple"))]
#[path = "bsd.rs"]
mod system;
#[cfg(target_vendor = "apple")]
#[path = "apple.rs"]
mod system;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use socket2::{SockAddr, Socket};

use crate::error::Holder;

pub(crate) use system::{KEEPS_SENT_FDS, peer_pid, peer_process};
pub(super) use system::{RECEIVE_FLAGS, SEND_FLAGS};

/// Whether messages that have arrived can still be read after `SHUT_RD` (`shutdown(2)`). The BSDs drop
/// them.
pub(crate) const KEEPS_WHAT_CAME: bool = false;

/// Does nothing: these systems tell the sender in another way, or not at all.
pub(crate) fn enable_sender_pids(_socket: BorrowedFd<'_>) -> io::Result<()> {
    Ok(())
}

pub(super) fn sender(_header: &libc::cmsghdr, _content: &[u8]) -> Option<u32> {
    None
}

/// None: there are no pidfds. `LISTEN_PID` alone tells whether sockets are for this process.
pub(crate) fn pidfd_id() -> Option<u64> {
    None
}

/// Unknown: the error about a port in use names no process.
pub(crate) fn in_the_way(_addr: SocketAddr, _udp: bool) -> Option<(Holder, SocketAddr)> {
    None
}

/// Does nothing: only on Linux, fchmod(2) works on a socket. Streams do not need it. Their mode is set
/// before listen(2), and no client can connect earlier.
pub(crate) fn set_mode_before_bind(_socket: &Socket, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Sets the owner and the permissions of a socket's path. It uses the path, as there is no descriptor of
/// the file. It does not follow a link.
pub(crate) fn set_owner_and_mode(
    path: &Path,
    (uid, gid): (Option<u32>, Option<u32>),
    mode: Option<u32>,
) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::other("another program has replaced the socket"));
    }
    if uid.is_some() || gid.is_some() {
        std::os::unix::fs::lchown(path, uid, gid)?;
    }
    match mode {
        Some(mode) => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

pub(crate) fn abstract_addr(_name: &[u8]) -> io::Result<SockAddr> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Linux has an abstract namespace; use a path",
    ))
}
