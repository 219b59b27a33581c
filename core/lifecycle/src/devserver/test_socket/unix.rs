//! A Unix socket.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;

use listenfd_core::internal::page_socket::{First, Place, receive_first};

pub(in crate::devserver) type Stream = UnixStream;

#[derive(Clone)]
pub(in crate::devserver) struct TestSocket {
    listener: Arc<UnixListener>,
    folder: Arc<tempfile::TempDir>,
}

pub(in crate::devserver) fn nowhere() -> Place {
    "/nowhere".into()
}

impl TestSocket {
    pub(in crate::devserver) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("pages")).unwrap();
        TestSocket { listener: Arc::new(listener), folder: Arc::new(folder) }
    }

    pub(in crate::devserver) fn place(&self) -> Place {
        self.folder.path().join("pages")
    }

    /// Accepts one message.
    pub(in crate::devserver) fn accept(&self) -> (First, Stream) {
        let (stream, _) = self.listener.accept().unwrap();
        (receive_first(stream.as_fd()).unwrap(), stream)
    }

    pub(in crate::devserver) fn is_idle(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        self.listener.accept().is_err()
    }
}
