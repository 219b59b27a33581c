//! The side of a program: finds the socket and sends to it without waiting for the service manager.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::Address;
use crate::env::env_var;
use crate::sys;

/// The address of this process's service manager. `None` if it has none.
///
/// # Errors
///
/// When the variable is not the address of a Unix socket.
pub fn address() -> io::Result<Option<Address>> {
    let parsed = env_var("NOTIFY_SOCKET").map(|value| parse(&value)).transpose();
    parsed.map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))
}

/// As [`address`]; a malformed variable counts as none.
#[must_use]
pub fn address_if_valid() -> Option<Address> {
    address().ok().flatten()
}

fn parse(value: &OsStr) -> Result<Address, String> {
    let cure = "expected an absolute path, or an abstract name such as @name";
    match value.as_bytes() {
        [b'/', ..] => Ok(Address::Unix(value.into())),
        [b'@', name @ ..] if !name.is_empty() => Ok(Address::Abstract(name.to_vec())),
        bytes if bytes.starts_with(b"vsock") => Err(format!(
            "NOTIFY_SOCKET={value:?} is a socket of a virtual machine's host (vsock), which is not \
             supported; {cure}"
        )),
        _ => Err(format!("NOTIFY_SOCKET={value:?} is no Unix socket; {cure}")),
    }
}

/// Connects for one message: the next message may need another socket, if the service manager has
/// restarted. The socket is non-blocking.
///
/// # Errors
///
/// When the address is not that of a Unix socket. When no process listens there.
pub fn connect(manager: &Address) -> io::Result<UnixDatagram> {
    let addr = match manager {
        Address::Unix(path) => SockAddr::unix(path)?,
        Address::Abstract(name) => sys::abstract_addr(name)?,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "no Unix socket")),
    };
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    socket.connect(&addr)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Sends a message, with a descriptor.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] while there is no room. When the system refuses.
pub fn send(socket: BorrowedFd<'_>, text: &str, fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    sys::send(socket, text.as_bytes(), fd.as_slice())
}

/// Sends a datagram with descriptors to `NOTIFY_SOCKET` or another socket of that protocol. Waits for
/// room, up to a timeout.
///
/// # Errors
///
/// When the address is not that of a Unix socket. When the system refuses.
pub fn send_fds(address: &Address, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    const ROOM_TIMEOUT: Duration = Duration::from_secs(2);
    let socket = connect(address)?;
    socket.set_nonblocking(false)?;
    socket.set_write_timeout(Some(ROOM_TIMEOUT))?;
    sys::send(socket.as_fd(), bytes, fds)
}

/// The current time for `MONOTONIC_USEC=`.
///
/// # Errors
///
/// When the system does not tell.
pub fn monotonic_usec() -> io::Result<u128> {
    sys::monotonic_time().map(|time| time.as_micros())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn refused(value: &str) -> String {
        parse(value.as_ref()).unwrap_err()
    }

    #[test]
    fn paths_and_abstract_names() {
        assert_eq!(parse("/run/n".as_ref()), Ok(Address::Unix("/run/n".into())));
        assert_eq!(parse("@a/b".as_ref()), Ok(Address::Abstract(b"a/b".to_vec())));
        let path = OsString::from_vec(b"/run/\xff".to_vec());
        assert_eq!(parse(&path), Ok(Address::Unix(path.into())));
    }

    #[test]
    fn an_address_that_is_not_a_unix_socket_is_an_error() {
        for value in ["vsock:2:1234", "vsock-stream:2:1234"] {
            assert!(refused(value).contains("(vsock), which is not supported"));
        }
        for value in ["@", "run/notify", "3000", "unix:/run/notify"] {
            assert!(refused(value).contains("expected an absolute path"), "{value}");
        }
        assert!(refused("\u{1b}[31m").contains(r"\u{1b}[31m"));
    }

    #[test]
    fn a_full_socket_is_an_error_at_once() {
        let name = format!("listenfd-core-test-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&folder);
        let _manager = UnixDatagram::bind(&folder).unwrap();
        let socket = connect(&Address::Unix(folder.clone())).unwrap();
        let full = (0..1_000_000).find_map(|_| send(socket.as_fd(), "WATCHDOG=1", None).err());
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(full.unwrap().kind(), io::ErrorKind::WouldBlock);
    }
}
