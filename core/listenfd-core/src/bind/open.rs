//! Opens one address, or several together.

use std::io;

use super::{Bind, SocketFile, inet, unix};
use crate::address::Address;
use crate::error::Error;
use crate::listener::{Listener, Reason, Refused};
use crate::sys;

impl Bind {
    /// Opens stream sockets and listens. A host name can give several.
    ///
    /// # Errors
    ///
    /// When the name has no address. When the address is in use; the error names its holder where the
    /// platform tells. When a file other than a dead socket stands at a Unix socket's path.
    pub fn listen(&self, address: &Address) -> Result<Vec<Listener>, Error> {
        self.listen_noting(address, &mut Vec::new())
    }

    /// As [`listen`](Self::listen). Adds the files of Unix sockets to `files`.
    fn listen_noting(
        &self,
        address: &Address,
        files: &mut Vec<SocketFile>,
    ) -> Result<Vec<Listener>, Error> {
        self.open_noting(address, files)?
            .into_iter()
            .map(|fd| {
                Listener::check(fd, false).map_err(|Refused { reason, .. }| {
                    let source = match reason {
                        Reason::System(err) => err,
                        Reason::Kind(kind) => {
                            io::Error::new(io::ErrorKind::InvalidInput, format!("this is {kind}"))
                        }
                    };
                    Error::bind(address, "checking the socket")(source)
                })
            })
            .collect()
    }

    /// Opens stream sockets at all of these addresses and listens, or at none.
    ///
    /// `[::]:3000` takes IPv6 connections only (`IPV6_V6ONLY`, `ipv6(7)`) if `0.0.0.0:3000`, or another
    /// IPv4 address of that port, is in the list. On a machine without IPv6 it is left out then. Alone
    /// it takes IPv4 connections, too, unless the system is set otherwise.
    ///
    /// ```
    /// use listenfd_core::Bind;
    ///
    /// # fn main() -> Result<(), listenfd_core::Error> {
    /// let listeners = Bind::new().listen_all(&["127.0.0.1:0".parse()?, "127.0.0.1:0".parse()?])?;
    /// assert_eq!(listeners.len(), 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen), and when an address is given twice or includes another one.
    pub fn listen_all(&self, addresses: &[Address]) -> Result<Vec<Listener>, Error> {
        let bind = self.clone().alongside(addresses);
        let (mut listeners, mut files) = (Vec::new(), Vec::new());
        for address in addresses {
            match bind.listen_noting(address, &mut files) {
                Ok(opened) => listeners.extend(opened),
                Err(err) if bind.conflicts.has_ipv4_beside(address) && err.is_unavailable() => {}
                Err(err) => {
                    files.iter().for_each(SocketFile::remove);
                    return Err(err);
                }
            }
        }
        Ok(listeners)
    }

    /// Opens sockets of any type, in blocking mode and close-on-exec. Those that can listen do. A host
    /// name can give several.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen).
    pub fn open(&self, address: &Address) -> Result<Vec<sys::Owned>, Error> {
        self.open_noting(address, &mut Vec::new())
    }

    fn open_noting(
        &self,
        address: &Address,
        files: &mut Vec<SocketFile>,
    ) -> Result<Vec<sys::Owned>, Error> {
        match address {
            Address::Host { name, port } => {
                let sockets = inet::open_all(self, name, *port, address)?;
                Ok(sockets.into_iter().map(sys::Owned::from).collect())
            }
            _ => Ok(vec![self.open_one_noting(address, files)?.0]),
        }
    }

    /// Opens one socket, as [`open`](Self::open) does, and returns the address that it is bound to. Of
    /// the addresses of a host name it takes the first IPv4 one, or else the first.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen).
    pub fn open_one(&self, address: &Address) -> Result<(sys::Owned, Address), Error> {
        self.open_one_noting(address, &mut Vec::new())
    }

    /// Adds the file of a Unix socket to `files`, for a caller that may give it up again.
    pub(crate) fn open_one_noting(
        &self,
        address: &Address,
        files: &mut Vec<SocketFile>,
    ) -> Result<(sys::Owned, Address), Error> {
        let socket = match address {
            Address::Inet(addr) => inet::open(self, *addr, address)?,
            Address::AnyInterface(port) => inet::open_any(self, *port, address)?,
            Address::Host { name, port } => inet::open_first(self, name, *port, address)?,
            Address::Unix(path) => {
                let (socket, file) = unix::open_path(self, path, address)?;
                files.push(file);
                socket
            }
            Address::Abstract(name) => unix::open_abstract(self, name, address)?,
        };
        let bound = sys::local_addr(&socket).unwrap_or_else(|| address.clone());
        Ok((socket.into(), bound))
    }
}
