//! Opens Unix sockets, at a path or with an abstract name.

use std::io;
use std::path::Path;

use socket2::{Domain, Socket};

use super::{Bind, SocketFile, unix_path};
use crate::address::Address;
use crate::error::Error;
use crate::sys;

/// Opens a socket at a path; `address` is what the user typed.
pub(super) fn open_path(
    bind: &Bind,
    path: &Path,
    address: &Address,
) -> Result<(Socket, SocketFile), Error> {
    let socket = new(bind, address)?;
    if let Some(mode) = bind.unix_mode {
        sys::set_mode_before_bind(&socket, mode)
            .map_err(Error::bind(address, "setting the mode"))?;
    }
    let placed = unix_path::bind(&socket, path)?;
    placed
        .set_owner_and_mode(bind.unix_owner, bind.unix_mode)
        .map_err(Error::bind(address, "setting the owner and mode of the path"))?;
    bind.start_listening(&socket).map_err(Error::bind(address, "listen"))?;
    Ok((socket, placed.keep()))
}

/// Opens a socket with an abstract name (Linux, `unix(7)`).
pub(super) fn open_abstract(bind: &Bind, name: &[u8], address: &Address) -> Result<Socket, Error> {
    let socket = new(bind, address)?;
    let name = sys::abstract_addr(name).map_err(Error::bind(address, "naming the socket"))?;
    socket.bind(&name).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::in_use(address, unix_path::holder(&name, bind.ty)),
        _ => Error::bind(address, "bind")(source),
    })?;
    bind.start_listening(&socket).map_err(Error::bind(address, "listen"))?;
    Ok(socket)
}

fn new(bind: &Bind, address: &Address) -> Result<Socket, Error> {
    Socket::new(Domain::UNIX, bind.ty, None).map_err(Error::bind(address, "opening a socket"))
}
