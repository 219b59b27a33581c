//! A server that is built without HTTP/2 says so when a client speaks it.
//!
//! `.ci/features` runs it: with the whole workspace, HTTP/2 is there.

#![cfg(not(feature = "http2"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_client_of_http2_is_logged_once_with_the_feature_to_enable() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
    let (ready, addr) = oneshot::channel();
    let server = axum_listenfd::serve_or_bind(Router::<()>::new(), "127.0.0.1:0")
        .on_ready(|addrs| ready.send(addrs[0].as_inet().unwrap()).unwrap());
    tokio::spawn(server.into_future());
    let addr = addr.await.unwrap();
    for _ in 0..2 {
        let mut client = TcpStream::connect(addr).await.unwrap();
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        client.read_to_end(&mut Vec::new()).await.unwrap();
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("enable the feature http2 of axum-listenfd").count(), 1, "{log}");
}
