//! Descriptors, as every Unix has them.
#![allow(unsafe_code, reason = "numbers become owned descriptors here, and only here")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

use socket2::{SockRef, Type};

use crate::Address;
use crate::kind::{Description, Kind};

/// An open descriptor, closed when dropped.
pub(crate) type Owned = OwnedFd;

/// Makes a number close-on-exec, if anything is open at it; one call does both.
pub(crate) fn close_on_exec(fd: u32) -> io::Result<()> {
    // SAFETY: FIOCLEX takes no argument and touches no memory; for a number at which nothing is
    // open the kernel answers EBADF.
    match unsafe { libc::ioctl(number(fd), libc::FIOCLEX) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether the error means that nothing is open at the number.
pub(crate) fn is_not_open(err: &io::Error) -> bool {
    err.raw_os_error() == Some(libc::EBADF)
}

/// Owns a number that the environment announced and [`close_on_exec`] has found open.
pub(crate) fn own_announced(fd: u32) -> Owned {
    // SAFETY: it is open, as the caller has just seen, and is no one else's: whoever started this
    // process left it open for the receiver and announced it (`sd_listen_fds(3)`), and the table
    // calls this once a number in the life of the process.
    unsafe { OwnedFd::from_raw_fd(number(fd)) }
}

/// In one call, where `fcntl` takes two.
pub(crate) fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let mut on: libc::c_int = 1;
    // SAFETY: FIONBIO reads one int through the pointer, which points to a live one.
    match unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::FIONBIO, &raw mut on) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// What the kernel says of a descriptor.
pub(crate) fn inspect(fd: &impl AsFd) -> io::Result<Description> {
    let socket = SockRef::from(fd);
    let addr = match socket.local_addr() {
        Ok(addr) => addr,
        Err(err) if err.raw_os_error() == Some(libc::ENOTSOCK) => {
            return Ok(Description { kind: Kind::NotSocket, local_addr: None });
        }
        Err(err) => return Err(err),
    };
    let ty = socket.r#type()?;
    let seqpacket = ty == Type::from(libc::SOCK_SEQPACKET);
    let listening = (ty == Type::STREAM || seqpacket) && is_listening(&socket)?;
    let kind = match libc::c_int::from(addr.family()) {
        libc::AF_INET | libc::AF_INET6 if ty == Type::DGRAM => Kind::UdpSocket,
        libc::AF_INET | libc::AF_INET6 if ty == Type::STREAM && listening => Kind::TcpListener,
        libc::AF_INET | libc::AF_INET6 if ty == Type::STREAM => Kind::TcpStream,
        libc::AF_UNIX if ty == Type::DGRAM => Kind::UnixDatagram,
        libc::AF_UNIX if ty == Type::STREAM && listening => Kind::UnixListener,
        libc::AF_UNIX if ty == Type::STREAM => Kind::UnixStream,
        libc::AF_UNIX if seqpacket && listening => Kind::UnixSeqpacketListener,
        _ => Kind::OtherSocket,
    };
    let local_addr = if let Some(inet) = addr.as_socket() {
        Some(Address::Inet(inet))
    } else if let Some(path) = addr.as_pathname() {
        Some(Address::Unix(path.to_owned()))
    } else {
        addr.as_abstract_namespace().map(|name| Address::Abstract(name.to_owned()))
    };
    Ok(Description { kind, local_addr })
}

/// Holds a directory's lock until the file is dropped; waits for another holder.
pub(crate) fn lock_directory(path: &Path) -> io::Result<File> {
    let dir = File::open(path)?;
    // SAFETY: the descriptor is open for as long as `dir` lives, and flock touches no memory.
    match unsafe { libc::flock(dir.as_raw_fd(), libc::LOCK_EX) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(dir),
    }
}

/// `SO_ACCEPTCONN`; where a system does not tell, a socket without a peer that is bound listens.
fn is_listening(socket: &SockRef<'_>) -> io::Result<bool> {
    let mut value: libc::c_int = 0;
    let mut size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed; `value` and `size` are live, and `size`
    // is the size of `value`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ACCEPTCONN,
            (&raw mut value).cast(),
            &raw mut size,
        )
    };
    if result == 0 {
        return Ok(value != 0);
    }
    match io::Error::last_os_error() {
        err if err.raw_os_error() == Some(libc::ENOPROTOOPT) => Ok(socket.peer_addr().is_err()),
        err => Err(err),
    }
}

fn number(fd: u32) -> RawFd {
    // `protocol::parse` has bounded it below `i32::MAX`; an impossible one is never open.
    RawFd::try_from(fd).unwrap_or(-1)
}
