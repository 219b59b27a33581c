//! Calls that every Unix has.
#![allow(unsafe_code, reason = "numbers become owned descriptors here, and only here")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{SockRef, Socket, Type};

use crate::address::Address;
use crate::kind::Kind;

/// An open descriptor, closed when dropped.
pub(crate) type Owned = OwnedFd;

/// An open descriptor of another owner.
pub(crate) type Borrowed<'a> = BorrowedFd<'a>;

/// A port in use is never denied for that reason.
pub(crate) const DENIES_PORTS_IN_USE: bool = false;

/// The usual reason why a port may not be bound, and its cure.
pub(crate) const PORT_DENIED: &str =
    " (ports below 1024 are for root: let systemd open it, or use a higher one)";

/// The `IPV6_V6ONLY` of a socket at every IPv6 address: the system's setting decides (`ipv6(7)`).
pub(crate) const EVERY_IPV6_ONLY: Option<bool> = None;

/// Lets a socket share its address: `SO_REUSEADDR` and `SO_REUSEPORT` (`socket(7)`). An error comes with the
/// step that failed.
///
/// With `SO_REUSEADDR`, a port in use is an error on Linux for every overlap. macOS and the BSDs refuse the same
/// address only, and let `127.0.0.1:3000` and `0.0.0.0:3000` listen beside each other. Without it, they refuse the
/// port for a minute after a restart (`TIME_WAIT`), so it is set there, too.
pub(crate) fn set_reuse(
    socket: &Socket,
    address: bool,
    port: bool,
) -> Result<(), (&'static str, io::Error)> {
    if address {
        socket.set_reuse_address(true).map_err(|err| ("setting SO_REUSEADDR", err))?;
    }
    if port {
        socket.set_reuse_port(true).map_err(|err| ("setting SO_REUSEPORT", err))?;
    }
    Ok(())
}

/// The argument of `listen(2)` for a backlog of this many connections.
pub(crate) fn as_backlog(connections: i32) -> i32 {
    connections
}

/// Whether the error means that this machine does not have the address family.
pub(crate) fn is_unknown_family(err: &io::Error) -> bool {
    err.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

/// Makes the descriptor at a number close-on-exec. An error if nothing is open there.
pub(crate) fn close_on_exec(fd: u32) -> io::Result<()> {
    // SAFETY: FIOCLEX takes no argument and touches no memory; for a number at which nothing is
    // open the kernel answers EBADF.
    match unsafe { libc::ioctl(number(fd), libc::FIOCLEX) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Makes a descriptor close-on-exec.
pub(super) fn set_close_on_exec(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor is open, and FIOCLEX takes no argument and touches no memory.
    match unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIOCLEX) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether the descriptor at a number may have come through exec: it is not close-on-exec. An error if
/// nothing is open there.
pub(crate) fn is_inherited(fd: u32) -> io::Result<bool> {
    // SAFETY: F_GETFD takes no argument and touches no memory; for a number at which nothing is
    // open the kernel answers EBADF.
    match unsafe { libc::fcntl(number(fd), libc::F_GETFD) } {
        -1 => Err(io::Error::last_os_error()),
        flags => Ok(flags & libc::FD_CLOEXEC == 0),
    }
}

/// Reads bytes that stay in the socket, without waiting for them.
pub(crate) fn peek(socket: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<usize> {
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    let (start, length) = (bytes.as_mut_ptr().cast(), bytes.len());
    // SAFETY: `socket` is open while it is borrowed, and the bytes are ours to fill.
    let peeked = unsafe { libc::recv(socket.as_raw_fd(), start, length, flags) };
    usize::try_from(peeked).map_err(|_| io::Error::last_os_error())
}

/// Whether the error means that nothing is open at the number.
pub(crate) fn is_not_open(err: &io::Error) -> bool {
    err.raw_os_error() == Some(libc::EBADF)
}

/// Owns a number that the environment has announced and [`is_inherited`] has checked.
pub(crate) fn own_announced(fd: u32) -> Owned {
    // SAFETY: it is open, as the caller has just seen, and nothing else owns it: the supplier of this
    // process left it open for the receiver and announced it (`sd_listen_fds(3)`), and `InheritedFds`
    // calls this once for each number in the life of the process.
    unsafe { OwnedFd::from_raw_fd(number(fd)) }
}

/// Whether this process ignores a signal (`sigaction(2)`). A number that is not a signal is not ignored.
pub(crate) fn is_signal_ignored(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action, the call only writes the current one through the pointer, which
    // is to memory of its size.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    if result != 0 {
        return false;
    }
    // SAFETY: on success it is filled.
    unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// Makes a descriptor non-blocking in one call; `fcntl` takes two.
pub(crate) fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let mut on: libc::c_int = 1;
    // SAFETY: FIONBIO reads one int through the pointer, which points to a live one.
    match unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::FIONBIO, &raw mut on) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// `CLOCK_MONOTONIC` (`clock_gettime(2)`). The standard library does not give it as a number.
pub(crate) fn monotonic_time() -> io::Result<Duration> {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the pointer is to memory of the size that clock_gettime fills.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: clock_gettime has succeeded, so it has filled the structure.
    let time = unsafe { time.assume_init() };
    // It counts from the start of the system, and the second part is below a billion.
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// The kind of a descriptor, with as few system calls as possible.
pub(crate) fn kind(fd: &impl AsFd) -> io::Result<Kind> {
    let socket = SockRef::from(fd);
    let family = match socket.local_addr() {
        Ok(addr) => libc::c_int::from(addr.family()),
        Err(err) if err.raw_os_error() == Some(libc::ENOTSOCK) => return Ok(Kind::NotSocket),
        Err(err) => return Err(err),
    };
    match family {
        // Only a TCP or SCTP socket can listen here, and SCTP is not handed over by accident.
        libc::AF_INET | libc::AF_INET6 if is_listening(&socket)? => Ok(Kind::TcpListener),
        libc::AF_INET | libc::AF_INET6 => Ok(match socket.r#type()? {
            Type::DGRAM => Kind::UdpSocket,
            Type::STREAM => Kind::TcpStream,
            _ => Kind::OtherSocket,
        }),
        libc::AF_UNIX => unix_kind(&socket),
        _ => Ok(Kind::OtherSocket),
    }
}

fn unix_kind(socket: &SockRef<'_>) -> io::Result<Kind> {
    let ty = socket.r#type()?;
    Ok(match ty {
        Type::DGRAM => Kind::UnixDatagram,
        Type::STREAM if is_listening(socket)? => Kind::UnixListener,
        Type::STREAM => Kind::UnixStream,
        _ if is_listening(socket)? => Kind::UnixSeqpacketListener,
        _ => Kind::OtherSocket,
    })
}

/// The address that a socket is bound to. `None` if it has none.
pub(crate) fn local_addr(fd: &impl AsFd) -> Option<Address> {
    let addr = SockRef::from(fd).local_addr().ok()?;
    if let Some(inet) = addr.as_socket() {
        return Some(Address::Inet(inet));
    }
    match addr.as_pathname() {
        Some(path) => Some(Address::Unix(path.to_owned())),
        None => addr.as_abstract_namespace().map(|name| Address::Abstract(name.to_owned())),
    }
}

/// Holds a directory's lock until the file is dropped. Waits for another holder up to a timeout: any
/// process that can read the directory may hold it.
pub(crate) fn lock_directory(path: &Path) -> io::Result<File> {
    const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
    let dir = File::open(path)?;
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        // SAFETY: the descriptor is open for as long as `dir` lives, and flock touches no memory.
        if unsafe { libc::flock(dir.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(dir);
        }
        let err = io::Error::last_os_error();
        if err.kind() != io::ErrorKind::WouldBlock || Instant::now() > deadline {
            return Err(err);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `SO_ACCEPTCONN`. Where a system does not tell, a bound socket without a peer counts as listening.
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
        err if err.raw_os_error() == Some(libc::ENOPROTOOPT) => {
            Ok(socket.r#type()? != Type::DGRAM && socket.peer_addr().is_err())
        }
        err => Err(err),
    }
}

fn number(fd: u32) -> RawFd {
    // `protocol::parse` keeps it below `i32::MAX`. Nothing is ever open at -1.
    RawFd::try_from(fd).unwrap_or(-1)
}
