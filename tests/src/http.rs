//! An HTTP/1 client that tells exactly what became of a request.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::loss::Fate;

/// What the test server answers at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// At once: `hello`.
    Hello,
    /// After 300 ms: `slow`.
    Slow,
    /// A body of 20 chunks of [`CHUNK`], one each 100 ms.
    Streamed,
}

/// One chunk of [`Path::Streamed`].
pub(crate) const CHUNK: &str = "0123456789abcdef";
/// How many there are.
pub(crate) const CHUNKS: usize = 20;

impl Path {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Path::Hello => "/",
            Path::Slow => "/slow",
            Path::Streamed => "/streamed",
        }
    }

    pub(crate) fn is_answered_by(self, body: &[u8]) -> bool {
        match self {
            Path::Hello => body == b"hello",
            Path::Slow => body == b"slow",
            Path::Streamed => body == CHUNK.repeat(CHUNKS).as_bytes(),
        }
    }
}

/// An answer in full.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// Whether the connection can have another request.
    pub keep_alive: bool,
}

/// One client with at most one connection.
#[derive(Debug)]
pub struct Client {
    addr: SocketAddr,
    connection: Option<TcpStream>,
}

/// How long a request may take, connecting and waiting for a restart included.
const REQUEST_DEADLINE: Duration = Duration::from_secs(20);

impl Client {
    /// Not connected yet.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        Client { addr, connection: None }
    }

    /// One request, on the connection of the last one where that still stands; tells its fate.
    pub async fn request(&mut self, path: Path) -> Fate {
        match tokio::time::timeout(REQUEST_DEADLINE, self.try_request(path)).await {
            Ok(fate) => fate,
            Err(_) => {
                self.connection = None;
                Fate::TimedOut
            }
        }
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.connection = None;
    }

    async fn try_request(&mut self, path: Path) -> Fate {
        let reusable = self.connection.take().filter(is_open);
        let is_reused = reusable.is_some();
        let mut connection = match reusable {
            Some(connection) => connection,
            None => match TcpStream::connect(self.addr).await {
                Ok(connection) => connection,
                Err(err) if err.kind() == io::ErrorKind::ConnectionRefused => return Fate::Refused,
                Err(_) => return Fate::ResetFresh,
            },
        };
        let mut received = BytesMut::new();
        match exchange(&mut connection, path.text(), &mut received).await {
            Ok(answer) if answer.status == 200 && path.is_answered_by(&answer.body) => {
                self.connection = answer.keep_alive.then_some(connection);
                Fate::Ok
            }
            Ok(_) => Fate::Wrong,
            Err(_) if !received.is_empty() => Fate::Cut,
            Err(_) if is_reused => Fate::ResetReused,
            Err(_) => Fate::ResetFresh,
        }
    }
}

/// The check of every real pool before it reuses a connection: the server has not closed it.
fn is_open(connection: &TcpStream) -> bool {
    let mut byte = [0];
    matches!(
        rustix::net::recv(connection, &mut byte, rustix::net::RecvFlags::PEEK),
        Err(rustix::io::Errno::AGAIN)
    )
}

/// One GET on a connection of its own.
///
/// # Errors
///
/// When the connection cannot be made or ends early.
pub async fn get(addr: SocketAddr, path: &str) -> io::Result<Answer> {
    let mut connection = TcpStream::connect(addr).await?;
    exchange(&mut connection, path, &mut BytesMut::new()).await
}

/// Sends a request and reads its answer; `received` holds what has come so far.
pub(crate) async fn exchange<S>(
    connection: &mut S,
    path: &str,
    received: &mut BytesMut,
) -> io::Result<Answer>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let (mut answer, framing) = loop {
        if let Some(head) = head(received)? {
            break head;
        }
        more(connection, received).await?;
    };
    match framing {
        Framing::Length(length) => {
            while received.len() < length {
                more(connection, received).await?;
            }
            answer.body = received.split_to(length).to_vec();
        }
        Framing::Chunked => loop {
            while !received.windows(2).any(|end| end == b"\r\n") {
                more(connection, received).await?;
            }
            let end = received.windows(2).position(|end| end == b"\r\n").unwrap_or_default();
            let line = received.split_to(end + 2);
            let size = std::str::from_utf8(&line[..end]).ok();
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| io::Error::other("a bad chunk size"))?;
            while received.len() < size + 2 {
                more(connection, received).await?;
            }
            answer.body.extend_from_slice(&received.split_to(size));
            let _ = received.split_to(2);
            if size == 0 {
                break;
            }
        },
    }
    Ok(answer)
}

enum Framing {
    Length(usize),
    Chunked,
}

fn head(received: &mut BytesMut) -> io::Result<Option<(Answer, Framing)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(received).map_err(io::Error::other)? {
        httparse::Status::Partial => return Ok(None),
        httparse::Status::Complete(length) => length,
    };
    let header = |name: &str| {
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let framing = match (header("transfer-encoding"), header("content-length")) {
        (Some("chunked"), _) => Framing::Chunked,
        (None, Some(length)) => Framing::Length(length.parse().map_err(io::Error::other)?),
        _ => Framing::Length(0),
    };
    let keep_alive = !header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let status = response.code.unwrap_or_default();
    let head = String::from_utf8_lossy(&received.split_to(length)).into_owned();
    Ok(Some((Answer { status, head, body: Vec::new(), keep_alive }, framing)))
}

async fn more<S>(connection: &mut S, received: &mut BytesMut) -> io::Result<()>
where
    S: tokio::io::AsyncRead + Unpin,
{
    match connection.read_buf(received).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
