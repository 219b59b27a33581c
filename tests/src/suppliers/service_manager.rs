//! The test as the service manager of a child.

use std::ffi::OsString;
use std::io::ErrorKind::WouldBlock;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;

use crate::folder::Folder;
use crate::wait::DEADLINE;

/// The receiving end of `NOTIFY_SOCKET` (`sd_notify(3)`).
#[derive(Debug)]
pub struct ServiceManager {
    folder: Folder,
    socket: UnixDatagram,
}

impl ServiceManager {
    /// A service manager with a socket in a folder.
    ///
    /// # Panics
    ///
    /// When the socket cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = Folder::new();
        let socket = UnixDatagram::bind(folder.path("notify")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        ServiceManager { folder, socket }
    }

    /// A service manager whose socket has an abstract name (`unix(7)`); and the value of `NOTIFY_SOCKET`.
    ///
    /// # Panics
    ///
    /// When the socket cannot be made.
    #[must_use]
    pub fn with_abstract_name() -> (Self, OsString) {
        let folder = Folder::new();
        // The folder is this test's alone, so the name is too.
        let name = folder.path("notify").into_os_string().into_string().unwrap();
        let addr = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&addr).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        (ServiceManager { folder, socket }, format!("@{name}").into())
    }

    /// Fills the socket, so that there is no room for a message until the test reads.
    ///
    /// # Panics
    ///
    /// When the system refuses for another reason.
    pub fn fill(&self) {
        let other = UnixDatagram::unbound().unwrap();
        other.connect(self.path()).unwrap();
        other.set_nonblocking(true).unwrap();
        let refused = std::iter::repeat_with(|| other.send(b"STATUS=full")).find_map(Result::err);
        assert_eq!(refused.map(|err| err.kind()), Some(WouldBlock));
    }

    /// The next message, without those of [`fill`](Self::fill).
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    #[must_use]
    pub fn next_message_after_fill(&self) -> String {
        std::iter::repeat_with(|| self.next_message())
            .find(|message| message != "STATUS=full")
            .unwrap()
    }

    /// The value of `NOTIFY_SOCKET`.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path("notify")
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    #[must_use]
    pub fn next_message(&self) -> String {
        let mut message = [0; 256];
        let length = self.socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }
}

impl Default for ServiceManager {
    fn default() -> Self {
        Self::new()
    }
}
