//! The promises that all four frameworks keep alike.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod serving;
mod shutdown;

use std::net::SocketAddr;

use listenfd_tests::Connection;

async fn open(addr: SocketAddr) -> Connection {
    Connection::open(addr).await.unwrap()
}
