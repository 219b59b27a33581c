//! A client of WebSockets.

use std::net::SocketAddr;

use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// An open WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    stream: WebSocketStream<TcpStream>,
}

impl WebSocket {
    /// Connects.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn open(addr: SocketAddr, path: &str) -> Self {
        let socket = TcpStream::connect(addr).await.unwrap();
        let request = format!("ws://{addr}{path}");
        let (stream, _) = tokio_tungstenite::client_async(request, socket).await.unwrap();
        WebSocket { stream }
    }

    /// Waits for the end, and returns whether the server has closed the WebSocket properly.
    ///
    /// # Panics
    ///
    /// After the deadline, or when another message arrives.
    pub async fn wait_for_end(mut self) -> bool {
        let next = tokio::time::timeout(crate::wait::DEADLINE, self.stream.next());
        match next.await.expect("the server keeps it open") {
            Some(Ok(Message::Close(_))) => true,
            None | Some(Err(Error::Io(_) | Error::Protocol(_))) => false,
            other => panic!("{other:?}"),
        }
    }
}
