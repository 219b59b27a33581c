//! On Windows, Unix sockets are not offered: the standard library has no type for them, and a listener of
//! that family cannot be handed over by `WSADuplicateSocketW`. The names are those of `unix.rs`.

use std::io;
use std::path::Path;

use socket2::Socket;

use super::{Bind, SocketFile};
use crate::address::Address;
use crate::error::Error;

pub(super) fn open_path(
    _: &Bind,
    _: &Path,
    address: &Address,
) -> Result<(Socket, SocketFile), Error> {
    Err(not_offered(address))
}

pub(super) fn open_abstract(_: &Bind, _: &[u8], address: &Address) -> Result<Socket, Error> {
    Err(not_offered(address))
}

fn not_offered(address: &Address) -> Error {
    let reason =
        "Unix sockets are not offered on Windows; use a TCP address such as 127.0.0.1:3000";
    Error::bind(address, "opening a socket")(io::Error::new(io::ErrorKind::Unsupported, reason))
}
