//! A port of this machine.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

use listenfd_core::internal::page_socket::{First, Place, first};

pub(in crate::devserver) type Stream = TcpStream;

#[derive(Clone)]
pub(in crate::devserver) struct TestSocket {
    listener: Arc<TcpListener>,
    place: Place,
}

pub(in crate::devserver) fn nowhere() -> Place {
    // A port that was free a moment ago.
    TestSocket::new().place
}

impl TestSocket {
    pub(in crate::devserver) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place = Place::new(listener.local_addr().unwrap(), "0".repeat(32)).unwrap();
        TestSocket { listener: Arc::new(listener), place }
    }

    pub(in crate::devserver) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Accepts one message.
    pub(in crate::devserver) fn accept(&self) -> (First, Stream) {
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut opening = [0; Place::OPENING];
        stream.read_exact(&mut opening).unwrap();
        assert!(self.place.opens_with(&opening));
        let mut kind = [0];
        stream.read_exact(&mut kind).unwrap();
        (first(kind[0]).unwrap(), stream)
    }

    pub(in crate::devserver) fn is_idle(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        self.listener.accept().is_err()
    }
}
