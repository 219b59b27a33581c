//! Opening sockets by address.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use socket2::{Domain, SockAddr, Socket, Type};

use super::unix_path as path;
use crate::listener::{Reason, Refused};
use crate::protocol::Foreign;
use crate::{Address, Error, Holder, Listener, sys};

/// How to open sockets at an address; the defaults suit a server.
///
/// ```
/// use listenfd_core::Bind;
///
/// # fn main() -> Result<(), listenfd_core::Error> {
/// let listeners = Bind::new().backlog(1024).listen(&"127.0.0.1:0".parse()?)?;
/// # drop(listeners); Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "call listen or open"]
pub struct Bind {
    ty: Type,
    backlog: i32,
    reuse_address: bool,
    reuse_port: bool,
    unix_mode: Option<u32>,
    unix_owner: (Option<u32>, Option<u32>),
    /// The addresses that are opened together with this one; see `together.rs`.
    pub(crate) alongside: Vec<Address>,
}

impl Default for Bind {
    fn default() -> Self {
        Bind::new()
    }
}

impl Bind {
    /// How many connections may wait to be accepted, unless told otherwise.
    pub const BACKLOG: i32 = 4096;

    /// A stream socket that listens with a backlog of 4096 and `SO_REUSEADDR`.
    pub fn new() -> Self {
        Bind {
            ty: Type::STREAM,
            backlog: Self::BACKLOG,
            reuse_address: true,
            reuse_port: false,
            unix_mode: None,
            unix_owner: (None, None),
            alongside: Vec::new(),
        }
    }

    /// A datagram socket: UDP, or Unix datagram.
    pub fn datagram(mut self) -> Self {
        self.ty = Type::DGRAM;
        self
    }

    /// A listening seqpacket socket; Unix only.
    pub fn seqpacket(mut self) -> Self {
        self.ty = Type::from(libc::SOCK_SEQPACKET);
        self
    }

    /// How many connections may wait to be accepted; the system caps it (`listen(2)`).
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = i32::try_from(connections).unwrap_or(i32::MAX);
        self
    }

    /// `SO_REUSEADDR`, so that a restart need not wait for old connections to time out. On by
    /// default, and for TCP only: on UDP it would share the port in silence.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.reuse_address = reuse;
        self
    }

    /// `SO_REUSEPORT`: several sockets on one port, each with a queue of its own. Off by default,
    /// for then a second copy of a program takes part of the connections in silence.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// The permissions of a Unix socket's path, such as `0o660`; by default what the umask leaves.
    /// Nobody can connect before they are in force.
    pub fn unix_mode(mut self, mode: u32) -> Self {
        self.unix_mode = Some(mode);
        self
    }

    /// The owner of a Unix socket's path; `None` leaves one as it is.
    pub fn unix_owner(mut self, uid: Option<u32>, gid: Option<u32>) -> Self {
        self.unix_owner = (uid, gid);
        self
    }

    /// Opens stream sockets and listens; a host name can give several.
    ///
    /// # Errors
    ///
    /// When the name has no address; when the address is in use, with its holder where the
    /// platform tells; when something other than a dead socket stands at a Unix socket's path.
    pub fn listen(&self, address: &Address) -> Result<Vec<Listener>, Error> {
        self.open(address)?
            .into_iter()
            .map(|fd| {
                Listener::check(fd, false).map_err(|Refused { reason, .. }| {
                    let source = match reason {
                        Reason::System(err) => err,
                        Reason::Kind(kind) => {
                            io::Error::new(io::ErrorKind::InvalidInput, format!("this is {kind}"))
                        }
                    };
                    failed(address, "checking the socket")(source)
                })
            })
            .collect()
    }

    /// Opens sockets of any type, in blocking mode and close-on-exec, and listens on those that
    /// can; a host name can give several.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen).
    pub fn open(&self, address: &Address) -> Result<Vec<sys::Owned>, Error> {
        match address {
            Address::Host { name, port } => self.open_host(name, *port, address),
            _ => Ok(vec![self.open_one(address)?.0]),
        }
    }

    /// Opens one socket, as [`open`](Self::open) does, and tells where it is bound. Of the
    /// addresses of a host name it takes the first IPv4 one, or else the first.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen).
    pub fn open_one(&self, address: &Address) -> Result<(sys::Owned, Address), Error> {
        let socket = match address {
            Address::Inet(addr) => self.open_inet(*addr, address)?,
            Address::AnyInterface(port) => self.open_any(*port, address)?,
            Address::Host { name, port } => {
                let found = resolve(name, *port, address)?;
                let addr = found.iter().find(|addr| addr.is_ipv4()).unwrap_or(&found[0]);
                self.open_inet(*addr, address)?
            }
            Address::Unix(_) | Address::Abstract(_) => self.open_unix(address)?,
        };
        let bound = sys::local_addr(&socket).unwrap_or_else(|| address.clone());
        Ok((socket.into(), bound))
    }

    fn open_host(
        &self,
        name: &str,
        port: u16,
        address: &Address,
    ) -> Result<Vec<sys::Owned>, Error> {
        let mut sockets: Vec<sys::Owned> = Vec::new();
        let mut unavailable = None;
        let mut port = port;
        for mut addr in resolve(name, port, address)? {
            addr.set_port(port);
            match self.open_inet(addr, address) {
                Ok(socket) => {
                    // All addresses of one name share a port, also when the system chose it.
                    let chosen = socket.local_addr().ok().and_then(|addr| addr.as_socket());
                    port = chosen.map_or(port, |addr| addr.port());
                    sockets.push(socket.into());
                }
                Err(err) if is_unavailable(&err) => unavailable = Some(err),
                Err(err) => return Err(err),
            }
        }
        match unavailable {
            Some(err) if sockets.is_empty() => Err(err),
            _ => Ok(sockets),
        }
    }

    /// IPv6 and IPv4 on one socket, or IPv4 alone where there is no IPv6.
    fn open_any(&self, port: u16, address: &Address) -> Result<Socket, Error> {
        match self.open_inet((Ipv6Addr::UNSPECIFIED, port).into(), address) {
            Err(err) if is_unavailable(&err) => {
                self.open_inet((Ipv4Addr::UNSPECIFIED, port).into(), address)
            }
            opened => opened,
        }
    }

    fn open_inet(&self, addr: SocketAddr, address: &Address) -> Result<Socket, Error> {
        let socket = Socket::new(Domain::for_address(addr), self.ty, None)
            .map_err(failed(address, "opening a socket"))?;
        if let Some(only_v6) = self.only_v6(addr, address) {
            socket.set_only_v6(only_v6).map_err(failed(address, "setting IPV6_V6ONLY"))?;
        }
        if self.reuse_address && self.ty == Type::STREAM {
            socket.set_reuse_address(true).map_err(failed(address, "setting SO_REUSEADDR"))?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true).map_err(failed(address, "setting SO_REUSEPORT"))?;
        }
        let held = |source: io::Error, doing| match source.kind() {
            io::ErrorKind::AddrInUse => {
                let in_the_way = sys::in_the_way(addr, self.ty == Type::DGRAM);
                self.held(address, in_the_way)
            }
            _ => failed(address, doing)(source),
        };
        socket.bind(&addr.into()).map_err(|source| held(source, "bind"))?;
        self.listen_where_it_can(&socket).map_err(|source| held(source, "listen"))?;
        Ok(socket)
    }

    fn open_unix(&self, address: &Address) -> Result<Socket, Error> {
        let socket = Socket::new(Domain::UNIX, self.ty, None)
            .map_err(failed(address, "opening a socket"))?;
        match address {
            Address::Unix(path) => {
                if let Some(mode) = self.unix_mode {
                    sys::set_mode_before_bind(&socket, mode)
                        .map_err(failed(address, "setting the mode"))?;
                }
                let placed = path::bind(&socket, path)?;
                placed
                    .set_owner_and_mode(self.unix_owner, self.unix_mode)
                    .map_err(failed(address, "setting the owner and mode of the path"))?;
                self.listen_where_it_can(&socket).map_err(failed(address, "listen"))?;
                placed.keep();
            }
            Address::Abstract(name) => {
                let name =
                    sys::abstract_addr(name).map_err(failed(address, "naming the socket"))?;
                self.bind_abstract(&socket, &name, address)?;
            }
            _ => {}
        }
        Ok(socket)
    }

    fn bind_abstract(
        &self,
        socket: &Socket,
        name: &SockAddr,
        address: &Address,
    ) -> Result<(), Error> {
        socket.bind(name).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => in_use(address, path::holder(name, self.ty)),
            _ => failed(address, "bind")(source),
        })?;
        self.listen_where_it_can(socket).map_err(failed(address, "listen"))
    }

    fn listen_where_it_can(&self, socket: &Socket) -> io::Result<()> {
        if self.ty == Type::DGRAM { Ok(()) } else { socket.listen(self.backlog) }
    }
}

impl Error {
    /// Adds the variables for another process that were found, which may explain an address in
    /// use.
    pub(crate) fn with_foreign(self, found: Option<&Foreign>) -> Self {
        match (self, found.cloned()) {
            (Error::InUse { address, holder, .. }, foreign) => {
                Error::InUse { address, holder, foreign }
            }
            // The sockets that are for another process are open in this one, too.
            (Error::Overlap { address, .. }, foreign @ Some(_)) => {
                Error::InUse { address, holder: Some(Holder::this_process()), foreign }
            }
            (err, _) => err,
        }
    }
}

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

/// Whether this machine has no such address or address family, such as IPv6 switched off.
pub(crate) fn is_unavailable(err: &Error) -> bool {
    match err {
        Error::Bind { source, .. } => {
            source.kind() == io::ErrorKind::AddrNotAvailable
                || source.raw_os_error() == Some(libc::EAFNOSUPPORT)
        }
        _ => false,
    }
}

/// An address in use, by another process or by this one.
pub(crate) fn in_use(address: &Address, holder: Option<Holder>) -> Error {
    match holder {
        Some(holder) if holder.pid == std::process::id() => {
            Error::Overlap { address: address.clone(), other: address.clone() }
        }
        _ => Error::InUse { address: address.clone(), holder, foreign: None },
    }
}

pub(crate) fn failed(address: &Address, doing: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Bind { address: address.clone(), doing, source: Arc::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Result<Vec<Listener>, Error> {
        Bind::new().listen(&text.parse().unwrap())
    }

    fn inet(listener: &Listener) -> SocketAddr {
        listener.local_addr().unwrap().as_inet().unwrap()
    }

    #[test]
    fn addresses_of_one_name_share_the_port_that_the_system_chose() {
        let listeners = open("localhost:0").unwrap();
        let ports: Vec<_> = listeners.iter().map(|listener| inet(listener).port()).collect();
        assert!(!ports.is_empty() && ports.iter().all(|port| *port == ports[0] && *port != 0));
    }

    #[test]
    fn every_interface_takes_ipv4_clients() {
        let listeners = open(":0").unwrap();
        let port = inet(&listeners[0]).port();
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn a_port_of_this_process_is_not_in_use_by_a_program_to_be_stopped() {
        let held = open("127.0.0.1:0").unwrap();
        let addr = inet(&held[0]);
        let err = open(&addr.to_string()).unwrap_err();
        if cfg!(target_os = "linux") {
            assert!(matches!(err, Error::Overlap { .. }), "{err}");
            assert!(err.to_string().contains("this process listens there already"), "{err}");
        }
        assert_eq!(io::Error::from(err).kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_name_without_an_address_is_named() {
        let err = open("no-such-host.invalid:0").unwrap_err();
        assert!(matches!(err, Error::Resolve { .. }), "{err:?}");
        assert!(err.to_string().contains("no-such-host.invalid:0"), "{err}");
    }

    #[test]
    fn a_port_shared_on_purpose() {
        let bind = Bind::new().reuse_port(true);
        let first = bind.listen(&"127.0.0.1:0".parse().unwrap()).unwrap();
        bind.listen(&first[0].local_addr().unwrap()).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_name_of_this_process_is_not_in_use_by_a_program_to_be_stopped() {
        let name = format!("@listenfd-core-test-{}", std::process::id());
        let _held = open(&name).unwrap();
        let err = open(&name).unwrap_err().to_string();
        assert!(err.contains("this process listens there already"), "{err}");
    }
}
