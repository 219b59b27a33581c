//! The test as the service manager of a child.

use std::os::unix::net::UnixDatagram;
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
