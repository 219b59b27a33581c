//! Handed-over connections are served as if the server had accepted them, or closed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod serving;
mod versions;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;

use listenfd_core::internal::{CONNECTIONS, HandoffChannel};
use listenfd_tests::{Connection, Supplier};
use tokio::net::TcpStream;

/// A listener to hand over, and connections that were accepted from it.
struct Accepted {
    sockets: Supplier,
    addr: SocketAddr,
    listener: TcpListener,
}

impl Accepted {
    fn new() -> Self {
        let mut sockets = Supplier::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        sockets.add(Some("web"), listener.try_clone().unwrap());
        Accepted { sockets, addr, listener }
    }

    /// A connection: the client's end and the server's.
    async fn client(&self) -> (Connection, std::net::TcpStream) {
        let client = TcpStream::connect(self.addr).await.unwrap();
        (Connection::new(client), self.listener.accept().unwrap().0)
    }

    /// Hands them over in a handoff channel.
    fn hand_over(&mut self, connections: Vec<std::net::TcpStream>, is_fresh: bool) {
        let (channel, kept) = HandoffChannel::new().unwrap();
        let batch: Vec<_> = connections.iter().map(|it| (it.as_fd(), is_fresh)).collect();
        channel.send(&batch).unwrap();
        self.sockets.add(Some(CONNECTIONS), kept);
    }
}
