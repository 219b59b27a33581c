//! Only on Linux: pidfds, the process that holds a port or is at the other end, abstract names.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use socket2::{SockAddr, Socket};

use crate::error::Holder;

/// No signal where the other end is closed (`send(2)`).
pub(super) const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL;
/// Close-on-exec from the beginning (`recv(2)`).
pub(super) const RECEIVE_FLAGS: libc::c_int = libc::MSG_CMSG_CLOEXEC;

/// Whether a descriptor that was sent stays open when the sender closes its own copy before it is received
/// (`SCM_RIGHTS`, `unix(7)`).
pub(crate) const KEEPS_SENT_FDS: bool = true;

/// Whether messages that have arrived can still be read after `SHUT_RD` (`shutdown(2)`).
pub(crate) const KEEPS_WHAT_CAME: bool = true;

/// Makes the system tell the sender of each message (`SO_PASSCRED`, `unix(7)`).
pub(crate) fn enable_sender_pids(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open while it is borrowed; the pointer is to a live number of the
    // size that is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PASSCRED,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The process that a control message names as the sender: the first number of `struct ucred`
/// (`unix(7)`).
pub(super) fn sender(header: &libc::cmsghdr, content: &[u8]) -> Option<u32> {
    let is_this =
        (header.cmsg_level, header.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_CREDENTIALS);
    let pid =
        content.first_chunk().filter(|_| is_this && content.len() >= size_of::<libc::ucred>());
    let pid = libc::pid_t::from_ne_bytes(*pid?);
    u32::try_from(pid).ok().filter(|pid| *pid > 0)
}

/// The inode number of this process's pidfd, unique for as long as the system is up
/// (`LISTEN_PIDFDID`, `sd_listen_fds(3)`). `None` before Linux 6.9, where all pidfds share one.
pub(crate) fn pidfd_id() -> Option<u64> {
    /// `PID_FS_MAGIC` of `linux/magic.h`.
    const PID_FS_MAGIC: u32 = 0x5049_4446;
    // SAFETY: pidfd_open takes two integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, std::process::id(), 0) };
    let fd = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the kernel has just given us this number.
    let pidfd = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let mut stat = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: `pidfd` is open, and the pointer is to memory of the size that fstatfs fills.
    let result = unsafe { libc::fstatfs(pidfd.as_raw_fd(), stat.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    // SAFETY: fstatfs has succeeded, so it has filled the structure.
    let stat = unsafe { stat.assume_init() };
    // Its type differs between architectures; the magic number fits into 32 bits in all.
    if stat.f_type as u32 != PID_FS_MAGIC {
        return None;
    }
    pidfd.metadata().ok().map(|metadata| metadata.ino())
}

/// The process that listens on a TCP address or has a UDP address, and the address of its socket, from
/// `proc(5)`. If several processes share the socket, it is this process or else the eldest.
pub(crate) fn in_the_way(addr: SocketAddr, udp: bool) -> Option<(Holder, SocketAddr)> {
    let tables = match udp {
        false => ["/proc/net/tcp", "/proc/net/tcp6"],
        true => ["/proc/net/udp", "/proc/net/udp6"],
    };
    let mut sockets = Vec::new();
    for table in tables {
        let table = fs::read_to_string(table).unwrap_or_default();
        sockets.extend(table.lines().filter_map(|line| socket_in_the_way(line, addr, udp)));
    }
    // A socket at exactly this address comes first: a socket of all interfaces may be for the other
    // family only, which the tables do not tell.
    sockets.sort_by_key(|socket| socket.addr.ip() != addr.ip().to_canonical());
    if sockets.is_empty() {
        return None;
    }
    let entries = fs::read_dir("/proc").ok()?;
    let pid = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    let mut pids: Vec<u32> = entries.filter_map(pid).collect();
    let this = std::process::id();
    pids.sort_unstable_by_key(|pid| (*pid != this, *pid));
    let opened: Vec<_> = pids.into_iter().map(|pid| (pid, opened_sockets(pid))).collect();
    sockets.iter().find_map(|socket| {
        let holds = |(_, links): &&(u32, Vec<String>)| links.contains(&socket.link);
        opened.iter().find(holds).map(|(pid, _)| (holder(*pid), socket.addr))
    })
}

/// A socket of `/proc/net`.
struct Entry {
    addr: SocketAddr,
    /// The target of its links in `/proc/PID/fd`.
    link: String,
}

/// The process at the other end of a connected Unix socket (`SO_PEERCRED`, `unix(7)`).
pub(crate) fn peer_process(socket: &Socket) -> Option<Holder> {
    peer_pid(socket.as_fd()).map(holder)
}

/// The process that has connected to a socket, or that listens at its other end (`SO_PEERCRED`, `unix(7)`).
pub(crate) fn peer_pid(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed; `peer` and `size` are live, and `size`
    // is the size of `peer`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut size,
        )
    };
    // The kernel returns 0 for a process of another pid namespace.
    u32::try_from(peer.pid).ok().filter(|pid| result == 0 && *pid > 0)
}

/// Restricts the permissions that bind(2) will give the path: it masks the inode's mode with the umask,
/// so they are not wider than `mode`.
pub(crate) fn set_mode_before_bind(socket: &Socket, mode: u32) -> io::Result<()> {
    // SAFETY: the descriptor is open while it is borrowed, and fchmod touches no memory.
    match unsafe { libc::fchmod(socket.as_raw_fd(), mode as libc::mode_t) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Sets the owner and the permissions of a socket's path. It uses one descriptor for both, so a file that
/// another program has put there is not changed.
pub(crate) fn set_owner_and_mode(
    path: &Path,
    (uid, gid): (Option<u32>, Option<u32>),
    mode: Option<u32>,
) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW);
    let place = options.open(path)?;
    let found = place.metadata()?;
    // bind(2) makes a new file, so a second link comes from another program.
    if !found.file_type().is_socket() || found.nlink() != 1 {
        return Err(io::Error::other("another program has replaced the socket"));
    }
    if uid.is_some() || gid.is_some() {
        set_owner(&place, uid, gid)?;
    }
    match mode {
        // A change of the owner clears some bits of the mode.
        Some(mode) if place.metadata()?.mode() & 0o7777 != mode => set_mode(&place, mode),
        _ => Ok(()),
    }
}

/// `fchownat(2)` with `AT_EMPTY_PATH`: `fchown(2)` refuses a descriptor of `O_PATH`.
fn set_owner(place: &File, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    /// Leaves the owner unchanged (`chown(2)`).
    const UNCHANGED: u32 = u32::MAX;
    let (uid, gid) = (uid.unwrap_or(UNCHANGED), gid.unwrap_or(UNCHANGED));
    // SAFETY: the descriptor is open while `place` lives; the path is an empty string that ends in
    // a NUL byte.
    let result =
        unsafe { libc::fchownat(place.as_raw_fd(), c"".as_ptr(), uid, gid, libc::AT_EMPTY_PATH) };
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// chmod(2) follows the link in `/proc` to exactly the file that is open.
fn set_mode(place: &File, mode: u32) -> io::Result<()> {
    let link = format!("/proc/self/fd/{}", place.as_raw_fd());
    fs::set_permissions(link, fs::Permissions::from_mode(mode)).map_err(|err| {
        if err.kind() != io::ErrorKind::NotFound {
            return err;
        }
        io::Error::new(
            io::ErrorKind::Unsupported,
            "the umask takes away permissions that the mode has, and they cannot be given back \
             without /proc; mount /proc, or set another umask",
        )
    })
}

/// An address in the abstract namespace: a NUL byte, then the name (`unix(7)`).
pub(crate) fn abstract_addr(name: &[u8]) -> io::Result<SockAddr> {
    let mut bytes = vec![0];
    bytes.extend_from_slice(name);
    SockAddr::unix(std::ffi::OsStr::from_bytes(&bytes))
}

/// The socket in a line of `/proc/net/tcp` or `udp`, if it blocks the address: it has the same address or
/// every address, and for TCP it listens.
fn socket_in_the_way(line: &str, addr: SocketAddr, udp: bool) -> Option<Entry> {
    const LISTENING: &str = "0A";
    let mut fields = line.split_ascii_whitespace();
    let (ip, port) = fields.nth(1)?.rsplit_once(':')?;
    let state = fields.nth(1)?;
    let (ip, wanted) = (parse_ip(ip)?, addr.ip().to_canonical());
    let same_ip = ip == wanted || ip.is_unspecified() || wanted.is_unspecified();
    let same_port = u16::from_str_radix(port, 16) == Ok(addr.port());
    if !(same_ip && same_port && (udp || state == LISTENING)) {
        return None;
    }
    let link = format!("socket:[{}]", fields.nth(5)?);
    Some(Entry { addr: SocketAddr::new(ip, addr.port()), link })
}

/// An IP address in the form of `/proc/net`: words of four bytes in the machine's byte order.
fn parse_ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| -> Option<[u8; 4]> {
        let word = hex.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
    };
    if hex.len() == 8 {
        return Some(IpAddr::from(word(0)?));
    }
    let mut bytes = [0; 16];
    for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(at)?);
    }
    Some(IpAddr::from(bytes).to_canonical())
}

/// The sockets that a process has open, as far as this process may see them.
fn opened_sockets(pid: u32) -> Vec<String> {
    let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let links = fds.flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
    let links = links.filter_map(|link| link.into_os_string().into_string().ok());
    links.filter(|link| link.starts_with("socket:")).collect()
}

fn holder(pid: u32) -> Holder {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = match name.trim() {
        "" => "a process".to_owned(),
        name => name.to_owned(),
    };
    Holder { pid, name }
}
