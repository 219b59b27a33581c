//! Opens TCP and UDP sockets.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use socket2::{Domain, Socket, Type};

use super::Bind;
use crate::address::Address;
use crate::error::Error;
use crate::sys;

/// Opens a socket at this IP address; `address` is what the user typed.
pub(super) fn open(bind: &Bind, addr: SocketAddr, address: &Address) -> Result<Socket, Error> {
    let socket = Socket::new(Domain::for_address(addr), bind.ty, None)
        .map_err(Error::bind(address, "opening a socket"))?;
    if let Some(only_v6) = bind.conflicts.only_v6(addr, address) {
        socket.set_only_v6(only_v6).map_err(Error::bind(address, "setting IPV6_V6ONLY"))?;
    }
    let reuse_address = bind.reuse_address && bind.ty == Type::STREAM;
    sys::set_reuse(&socket, reuse_address, bind.reuse_port)
        .map_err(|(doing, source)| Error::bind(address, doing)(source))?;
    let in_the_way = || sys::in_the_way(addr, bind.ty == Type::DGRAM);
    let failed = |source: io::Error, doing| match source.kind() {
        io::ErrorKind::AddrInUse => bind.conflicts.in_use(address, in_the_way()),
        io::ErrorKind::PermissionDenied if sys::DENIES_PORTS_IN_USE => match in_the_way() {
            None => Error::bind(address, doing)(source),
            found => bind.conflicts.in_use(address, found),
        },
        _ => Error::bind(address, doing)(source),
    };
    socket.bind(&addr.into()).map_err(|source| failed(source, "bind"))?;
    bind.start_listening(&socket).map_err(|source| failed(source, "listen"))?;
    Ok(socket)
}

/// Opens every interface: IPv6 and IPv4 on one socket, or IPv4 alone where there is no IPv6.
pub(super) fn open_any(bind: &Bind, port: u16, address: &Address) -> Result<Socket, Error> {
    match open(bind, (Ipv6Addr::UNSPECIFIED, port).into(), address) {
        Err(err) if err.is_unavailable() => {
            open(bind, (Ipv4Addr::UNSPECIFIED, port).into(), address)
        }
        opened => opened,
    }
}

/// Opens the first IPv4 address of a host name, or else its first address.
pub(super) fn open_first(
    bind: &Bind,
    name: &str,
    port: u16,
    address: &Address,
) -> Result<Socket, Error> {
    let found = resolve(name, port, address)?;
    let addr = found.iter().find(|addr| addr.is_ipv4()).unwrap_or(&found[0]);
    open(bind, *addr, address)
}

/// Opens all addresses of a host name that this machine has.
pub(super) fn open_all(
    bind: &Bind,
    name: &str,
    port: u16,
    address: &Address,
) -> Result<Vec<Socket>, Error> {
    let mut sockets: Vec<Socket> = Vec::new();
    let mut unavailable = None;
    let mut port = port;
    for mut addr in resolve(name, port, address)? {
        addr.set_port(port);
        match open(bind, addr, address) {
            Ok(socket) => {
                // All addresses of a name share a port, also when the system chose it.
                let chosen = socket.local_addr().ok().and_then(|addr| addr.as_socket());
                port = chosen.map_or(port, |addr| addr.port());
                sockets.push(socket);
            }
            Err(err) if err.is_unavailable() => unavailable = Some(err),
            Err(err) => return Err(err),
        }
    }
    match unavailable {
        Some(err) if sockets.is_empty() => Err(err),
        _ => Ok(sockets),
    }
}

/// The addresses of a host name, at least one.
fn resolve(name: &str, port: u16, address: &Address) -> Result<Vec<SocketAddr>, Error> {
    let failed = |source| Error::Resolve { address: address.clone(), source: Arc::new(source) };
    let mut found: Vec<SocketAddr> = Vec::new();
    for addr in (name, port).to_socket_addrs().map_err(failed)? {
        if !found.contains(&addr) {
            found.push(addr);
        }
    }
    if found.is_empty() {
        return Err(failed(io::Error::new(io::ErrorKind::NotFound, "no address found")));
    }
    Ok(found)
}
