//! One connection of HTTP/1.

use std::io::{
    self,
    ErrorKind::{ConnectionReset, UnexpectedEof},
};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Answer, Framing, take_head};
use super::fate::Fate;
use crate::wait::eventually;

/// A connection of HTTP/1.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    stream: S,
    received: BytesMut,
    /// Whether any byte of the last answer has arrived.
    has_received: bool,
}

impl Connection {
    /// Connects over TCP.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        // The pieces of a request must not be joined on the way.
        stream.set_nodelay(true)?;
        Ok(Connection::new(stream))
    }

    /// Ends the connection with a reset.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn reset(self) -> io::Result<()> {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// The client's own address.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// Waits until the server has read everything that was sent, by `/proc/net/tcp` (`proc(5)`).
    ///
    /// # Panics
    ///
    /// After the deadline, or when the connection is not over IPv4.
    #[track_caller]
    pub fn wait_until_read(&self) {
        let [server, client] = [self.stream.peer_addr(), self.stream.local_addr()]
            .map(|addr| format!(":{:04X}", addr.unwrap().port()));
        eventually("the server has not read what was sent", || {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let its_end = table.lines().find_map(|line| {
                let mut fields = line.split_ascii_whitespace().skip(1);
                let is_it = fields.next()?.ends_with(&server) && fields.next()?.ends_with(&client);
                // After the state: the bytes that wait to be sent, and to be read.
                if is_it { fields.nth(1)?.split_once(':') } else { None }
            });
            its_end.expect("the server has closed it").1 == "00000000"
        });
    }

    /// The fate of a request without a complete answer.
    pub(crate) fn fate(&self, is_reused: bool) -> Fate {
        match (self.has_received, is_reused) {
            (true, _) => Fate::Cut,
            (false, true) => Fate::ResetReused,
            (false, false) => Fate::ResetFresh,
        }
    }

    /// Whether the server has left the connection open. Every real pool checks this before it reuses one.
    pub(crate) fn is_open(&self) -> bool {
        let mut byte = [0];
        matches!(
            rustix::net::recv(&self.stream, &mut byte, rustix::net::RecvFlags::PEEK),
            Err(rustix::io::Errno::AGAIN)
        )
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection over any stream.
    pub fn new(stream: S) -> Self {
        Connection { stream, received: BytesMut::new(), has_received: false }
    }

    /// Sends a GET and reads the answer.
    ///
    /// # Errors
    ///
    /// When the connection ends early.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send(&request(path)).await?;
        self.read_answer().await
    }

    /// Sends text.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send(&mut self, bytes: &str) -> io::Result<()> {
        self.send_bytes(bytes.as_bytes()).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.has_received = false;
        self.stream.write_all(bytes).await
    }

    /// Waits for the first byte of an answer.
    ///
    /// # Errors
    ///
    /// When the connection ends early.
    pub async fn wait_for_first_byte(&mut self) -> io::Result<()> {
        while self.received.is_empty() {
            self.read_more().await?;
        }
        Ok(())
    }

    /// Reads what has arrived, or waits for it.
    ///
    /// # Errors
    ///
    /// When the connection ends, or the bytes are not UTF-8.
    pub async fn read_some(&mut self) -> io::Result<String> {
        self.wait_for_first_byte().await?;
        let read = self.received.split().to_vec();
        String::from_utf8(read).map_err(io::Error::other)
    }

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// When the connection ends early.
    pub async fn read_answer(&mut self) -> io::Result<Answer> {
        let (mut answer, framing) = loop {
            if let Some(head) = take_head(&mut self.received)? {
                break head;
            }
            self.read_more().await?;
        };
        answer.body = match framing {
            Framing::Length(length) => self.read_exactly(length).await?.to_vec(),
            Framing::Chunked => self.read_chunks().await?,
        };
        Ok(answer)
    }

    /// Waits until the server closes the connection.
    ///
    /// # Panics
    ///
    /// When the server sends something, or after the deadline.
    pub async fn wait_for_close(&mut self) {
        let more = tokio::time::timeout(crate::DEADLINE, self.read_more());
        let err = more.await.expect("the server keeps it open").expect_err("the server sends");
        assert!(matches!(err.kind(), UnexpectedEof | ConnectionReset), "{err}");
    }

    /// Reads until the server closes the connection.
    ///
    /// # Panics
    ///
    /// After the deadline.
    pub async fn read_to_end(&mut self, rest: &mut Vec<u8>) {
        let end = tokio::time::timeout(crate::DEADLINE, self.stream.read_to_end(rest));
        // A reset is an end too.
        let _ = end.await.expect("the server keeps it open");
    }

    async fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.received.windows(2).position(|end| end == b"\r\n") {
                    Some(length) => break self.read_exactly(length + 2).await?,
                    None => self.read_more().await?,
                }
            };
            let size = std::str::from_utf8(&line).ok().map(str::trim_end);
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| io::Error::other("a bad chunk size"))?;
            let chunk = self.read_exactly(size + 2).await?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    async fn read_exactly(&mut self, length: usize) -> io::Result<BytesMut> {
        while self.received.len() < length {
            self.read_more().await?;
        }
        Ok(self.received.split_to(length))
    }

    async fn read_more(&mut self) -> io::Result<()> {
        let read = tokio::time::timeout(crate::DEADLINE, self.stream.read_buf(&mut self.received));
        match read.await?? {
            0 => Err(UnexpectedEof.into()),
            _ => {
                self.has_received = true;
                Ok(())
            }
        }
    }
}

/// Sends a GET on a connection of its own.
///
/// # Errors
///
/// When the connection fails or ends early.
pub async fn get(addr: SocketAddr, path: &str) -> io::Result<Answer> {
    Connection::open(addr).await?.get(path).await
}

/// The text of a GET.
#[must_use]
pub fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}
