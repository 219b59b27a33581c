//! The test as the service manager of a child.

use std::ffi::OsString;
use std::io::ErrorKind::WouldBlock;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;

use crate::{DEADLINE, Folder};

/// What a service manager hears (`sd_notify(3)`).
#[derive(Debug)]
pub struct Manager {
    folder: Folder,
    socket: UnixDatagram,
}

impl Manager {
    /// Has heard nothing yet.
    ///
    /// # Panics
    ///
    /// When its socket cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = Folder::new();
        let socket = UnixDatagram::bind(folder.path("notify")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Manager { folder, socket }
    }

    /// As [`new`](Self::new), with an abstract name (`unix(7)`); and its value for `NOTIFY_SOCKET`.
    ///
    /// # Panics
    ///
    /// When its socket cannot be made.
    #[must_use]
    pub fn with_abstract_name() -> (Self, OsString) {
        let folder = Folder::new();
        // The folder is this test's, so this name is, too.
        let name = folder.path("notify").into_os_string().into_string().unwrap();
        let addr = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&addr).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        (Manager { folder, socket }, format!("@{name}").into())
    }

    /// Leaves no room for another message until it reads.
    ///
    /// # Panics
    ///
    /// When the system refuses otherwise than for want of room.
    pub fn fill(&self) {
        let other = UnixDatagram::unbound().unwrap();
        other.connect(self.path()).unwrap();
        other.set_nonblocking(true).unwrap();
        let refused = std::iter::repeat_with(|| other.send(b"STATUS=full")).find_map(Result::err);
        assert_eq!(refused.map(|err| err.kind()), Some(WouldBlock));
    }

    /// The next message but those that filled it.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline.
    #[track_caller]
    #[must_use]
    pub fn told_besides(&self) -> String {
        std::iter::repeat_with(|| self.told()).find(|told| told != "STATUS=full").unwrap()
    }

    /// For the variable `NOTIFY_SOCKET`.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path("notify")
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline.
    #[track_caller]
    #[must_use]
    pub fn told(&self) -> String {
        let mut message = [0; 256];
        let length = self.socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }
}

impl Default for Manager {
    fn default() -> Self {
        Self::new()
    }
}
