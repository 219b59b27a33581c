//! Passes a connection on to a program that takes none: byte by byte, over a second connection, and
//! only where the program sees the same client.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use listenfd_core::Address;
use tokio::io::copy_bidirectional;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpSocket, TcpStream};

use super::connection::Socket;

/// How long connecting may take while the program's queue is full.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether a program sees the same client when this process connects to it instead.
pub(super) fn is_possible(socket: &Socket) -> bool {
    match socket {
        Socket::Tcp(tcp) => ends(tcp).is_ok(),
        #[cfg(unix)]
        Socket::Unix(unix) => unix.peer_cred().is_ok_and(|client| {
            client.uid() == rustix::process::geteuid().as_raw()
                && client.gid() == rustix::process::getegid().as_raw()
        }),
    }
}

/// Passes it on until both sides have ended; closes it where it cannot be passed on.
///
/// # Errors
///
/// When either side fails.
#[cfg_attr(windows, allow(unused_variables, reason = "TCP tells it"))]
pub(super) async fn pass_on(mut socket: Socket, listener: &Address) -> io::Result<()> {
    if !is_possible(&socket) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    match &socket {
        Socket::Tcp(tcp) => {
            let mut program = within(connect(ends(tcp)?)).await?;
            copy_bidirectional(&mut socket, &mut program).await?;
        }
        #[cfg(unix)]
        Socket::Unix(_) => {
            let mut program = within(connect_unix(listener)).await?;
            copy_bidirectional(&mut socket, &mut program).await?;
        }
    }
    Ok(())
}

async fn within<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT_TIMEOUT, connecting).await?
}

/// The client's address and the address that it has connected to, if both are loopback: no other
/// machine can have those.
fn ends(tcp: &TcpStream) -> io::Result<(IpAddr, SocketAddr)> {
    let (client, mut here) = (tcp.peer_addr()?.ip().to_canonical(), tcp.local_addr()?);
    here.set_ip(here.ip().to_canonical());
    match client.is_loopback() && here.ip().is_loopback() {
        true => Ok((client, here)),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

async fn connect((client, here): (IpAddr, SocketAddr)) -> io::Result<TcpStream> {
    let socket = if here.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Loopback has many addresses; this one is the client's.
    socket.bind(SocketAddr::new(client, 0))?;
    socket.connect(here).await
}

#[cfg(unix)]
async fn connect_unix(listener: &Address) -> io::Result<UnixStream> {
    match listener {
        Address::Unix(path) => UnixStream::connect(path).await,
        // tokio takes an abstract name as a path that begins with a NUL byte.
        Address::Abstract(name) => {
            let path = [b"\0", &name[..]].concat();
            let path = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&path);
            UnixStream::connect(path).await
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
