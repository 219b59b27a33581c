//! A WebSocket's client.

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
    /// When the server does not agree.
    pub async fn open(addr: SocketAddr, path: &str) -> Self {
        let socket = TcpStream::connect(addr).await.unwrap();
        let request = format!("ws://{addr}{path}");
        let (stream, _) = tokio_tungstenite::client_async(request, socket).await.unwrap();
        WebSocket { stream }
    }

    /// Waits for its end; tells whether the server said goodbye.
    ///
    /// # Panics
    ///
    /// When it does not end within the deadline, or when anything else comes first.
    pub async fn ended(mut self) -> bool {
        let next = tokio::time::timeout(crate::DEADLINE, self.stream.next());
        match next.await.expect("the server keeps it open") {
            Some(Ok(Message::Close(_))) => true,
            None | Some(Err(Error::Io(_) | Error::Protocol(_))) => false,
            other => panic!("{other:?}"),
        }
    }
}
