//! The options of a socket to be opened.

use std::io;

use socket2::{Socket, Type};

use super::conflicts::Conflicts;
use crate::address::Address;
use crate::sys;

/// Opens sockets at an address. The defaults suit a server.
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
    pub(super) ty: Type,
    pub(super) backlog: i32,
    pub(super) reuse_address: bool,
    pub(super) reuse_port: bool,
    #[cfg_attr(windows, expect(dead_code, reason = "Unix sockets are not offered there"))]
    pub(super) unix_mode: Option<u32>,
    #[cfg_attr(windows, expect(dead_code, reason = "Unix sockets are not offered there"))]
    pub(super) unix_owner: (Option<u32>, Option<u32>),
    pub(super) conflicts: Conflicts,
}

impl Default for Bind {
    fn default() -> Self {
        Bind::new()
    }
}

impl Bind {
    /// The default backlog: how many connections may wait to be accepted.
    pub const BACKLOG: u32 = 4096;

    /// A stream socket that listens with a backlog of 4096 and, on Unix, `SO_REUSEADDR`.
    pub fn new() -> Self {
        Bind {
            ty: Type::STREAM,
            backlog: Self::BACKLOG as i32,
            reuse_address: true,
            reuse_port: false,
            unix_mode: None,
            unix_owner: (None, None),
            conflicts: Conflicts::default(),
        }
    }

    /// A datagram socket: UDP, or Unix datagram.
    pub fn datagram(mut self) -> Self {
        self.ty = Type::DGRAM;
        self
    }

    /// A listening seqpacket socket, for Unix addresses only.
    #[cfg(unix)]
    pub fn seqpacket(mut self) -> Self {
        self.ty = Type::from(libc::SOCK_SEQPACKET);
        self
    }

    /// How many connections may wait to be accepted. The system caps it (`listen(2)`).
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = i32::try_from(connections).unwrap_or(i32::MAX);
        self
    }

    /// `SO_REUSEADDR`, so that a restart does not wait for old connections to time out. On by default,
    /// for TCP only: on UDP it would share the port silently. On Windows the option
    /// of this name would let other programs take the port, so it is never set: sockets have
    /// `SO_EXCLUSIVEADDRUSE`. There, a port can stay in use until the last connection to it has ended.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.reuse_address = reuse;
        self
    }

    /// `SO_REUSEPORT`: several sockets on one port, each with a queue of its own. Off by default: a
    /// second copy of a program would silently take part of the connections.
    #[cfg(unix)]
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// The permissions of a Unix socket's path, such as `0o660`. By default the umask decides. They are
    /// set before any client can connect.
    #[cfg(unix)]
    pub fn unix_mode(mut self, mode: u32) -> Self {
        self.unix_mode = Some(mode);
        self
    }

    /// The user and the group of a Unix socket's path. `None` leaves it unchanged.
    #[cfg(unix)]
    pub fn unix_owner(mut self, uid: Option<u32>, gid: Option<u32>) -> Self {
        self.unix_owner = (uid, gid);
        self
    }

    /// The addresses that the caller opens together with this one, each by a call of its own.
    /// [`listen_all`](Self::listen_all) says what that changes.
    pub fn alongside(mut self, addresses: &[Address]) -> Self {
        self.conflicts = Conflicts::new(addresses);
        self
    }

    /// Listens with the backlog, unless this is a datagram socket.
    pub(super) fn start_listening(&self, socket: &Socket) -> io::Result<()> {
        if self.ty == Type::DGRAM {
            return Ok(());
        }
        socket.listen(sys::as_backlog(self.backlog))
    }
}
