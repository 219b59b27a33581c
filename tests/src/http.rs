//! An HTTP/1 client that tells exactly what became of a request.

use std::io::{
    self,
    ErrorKind::{ConnectionReset, UnexpectedEof},
};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::eventually;
use crate::loss::Fate;

/// What the test server answers at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// At once: `hello`.
    Hello,
    /// After 300 ms: `slow`.
    Slow,
    /// A body of 20 chunks, one each 100 ms.
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

/// One connection.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    stream: S,
    received: BytesMut,
    /// Whether any byte of the last answer has come.
    has_received: bool,
}

impl Connection {
    /// Connects over TCP.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        // Each piece of a request that is sent in pieces is to arrive on its own.
        stream.set_nodelay(true)?;
        Ok(Connection::new(stream))
    }

    /// Connects over TCP and asks once.
    ///
    /// # Errors
    ///
    /// When the connection cannot be made or ends early.
    pub async fn get(addr: SocketAddr, path: &str) -> io::Result<Answer> {
        Connection::open(addr).await?.ask(path).await
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
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// Waits until the server has read all that was sent to it, from `/proc/net/tcp` (`proc(5)`).
    ///
    /// # Panics
    ///
    /// When it has not within the deadline, or this is no connection over IPv4.
    #[track_caller]
    pub fn all_is_read(&self) {
        let [server, client] = [self.stream.peer_addr(), self.stream.local_addr()]
            .map(|addr| format!(":{:04X}", addr.unwrap().port()));
        eventually("the server has not read what was sent", || {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let its_end = table.lines().find_map(|line| {
                let mut fields = line.split_ascii_whitespace().skip(1);
                let is_it = fields.next()?.ends_with(&server) && fields.next()?.ends_with(&client);
                // After its state: what waits to be sent, and to be read.
                if is_it { fields.nth(1)?.split_once(':') } else { None }
            });
            its_end.expect("the server has closed it").1 == "00000000"
        });
    }

    /// What became of a request whose answer did not come in full.
    fn fate(&self, is_reused: bool) -> Fate {
        match (self.has_received, is_reused) {
            (true, _) => Fate::Cut,
            (false, true) => Fate::ResetReused,
            (false, false) => Fate::ResetFresh,
        }
    }

    /// The check of every real pool before it reuses a connection: the server has not closed it.
    pub(crate) fn is_open(&self) -> bool {
        let mut byte = [0];
        matches!(
            rustix::net::recv(&self.stream, &mut byte, rustix::net::RecvFlags::PEEK),
            Err(rustix::io::Errno::AGAIN)
        )
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Over any stream.
    pub fn new(stream: S) -> Self {
        Connection { stream, received: BytesMut::new(), has_received: false }
    }

    /// One GET.
    ///
    /// # Errors
    ///
    /// When the connection ends early.
    pub async fn ask(&mut self, path: &str) -> io::Result<Answer> {
        self.send(&request(path)).await?;
        self.answer().await
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send(&mut self, bytes: &str) -> io::Result<()> {
        self.send_bytes(bytes.as_bytes()).await
    }

    /// Sends bytes that are no text.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.has_received = false;
        self.stream.write_all(bytes).await
    }

    /// Waits until an answer begins.
    ///
    /// # Errors
    ///
    /// When the connection ends early.
    pub async fn begins(&mut self) -> io::Result<()> {
        while self.received.is_empty() {
            self.more().await?;
        }
        Ok(())
    }

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// When the connection ends early.
    pub async fn answer(&mut self) -> io::Result<Answer> {
        let (mut answer, framing) = loop {
            if let Some(head) = head(&mut self.received)? {
                break head;
            }
            self.more().await?;
        };
        answer.body = match framing {
            Framing::Length(length) => self.take(length).await?.to_vec(),
            Framing::Chunked => self.chunks().await?,
        };
        Ok(answer)
    }

    /// Waits until the server closes the connection.
    ///
    /// # Panics
    ///
    /// When it sends something instead, or does not close it within the deadline.
    pub async fn closed(&mut self) {
        let more = tokio::time::timeout(crate::DEADLINE, self.more());
        let err = more.await.expect("the server keeps it open").expect_err("the server sends");
        assert!(matches!(err.kind(), UnexpectedEof | ConnectionReset), "{err}");
    }

    /// Reads whatever comes until the server closes the connection.
    ///
    /// # Panics
    ///
    /// When it does not close it within the deadline.
    pub async fn read_to_end(&mut self, rest: &mut Vec<u8>) {
        let end = tokio::time::timeout(crate::DEADLINE, self.stream.read_to_end(rest));
        // A reset is an end too.
        let _ = end.await.expect("the server keeps it open");
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.received.windows(2).position(|end| end == b"\r\n") {
                    Some(length) => break self.take(length + 2).await?,
                    None => self.more().await?,
                }
            };
            let size = std::str::from_utf8(&line).ok().map(str::trim_end);
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| io::Error::other("a bad chunk size"))?;
            let chunk = self.take(size + 2).await?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<BytesMut> {
        while self.received.len() < length {
            self.more().await?;
        }
        Ok(self.received.split_to(length))
    }

    async fn more(&mut self) -> io::Result<()> {
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

/// One client with at most one connection.
#[derive(Debug)]
pub struct Client {
    addr: SocketAddr,
    connection: Option<Connection>,
    opened: u64,
}

/// How long a request may take, connecting and waiting for a restart included.
pub(crate) const REQUEST_DEADLINE: Duration = Duration::from_secs(20);

impl Client {
    /// Not connected yet.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        Client { addr, connection: None, opened: 0 }
    }

    /// How many connections it has opened so far. As long as that is one, the server has closed none,
    /// and the client's port is what it was.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// One request, on the connection of the last one where that still stands; tells its fate.
    pub async fn request(&mut self, path: Path) -> Fate {
        let fate = tokio::time::timeout(REQUEST_DEADLINE, self.try_request(path)).await;
        fate.unwrap_or(Fate::TimedOut)
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.connection = None;
    }

    async fn try_request(&mut self, path: Path) -> Fate {
        match self.ask(path.text()).await {
            Ok(answer) if answer.status == 200 && path.is_answered_by(&answer.body) => Fate::Ok,
            Ok(_) => Fate::Wrong,
            Err(fate) => fate,
        }
    }

    /// As [`request`](Self::request), sent byte by byte with pauses between them.
    pub async fn request_byte_by_byte(&mut self, path: Path) -> Fate {
        let text = request(path.text());
        let pieces: Vec<_> = text.as_bytes().chunks(1).collect();
        let fates = tokio::time::timeout(REQUEST_DEADLINE, self.converse(path, &pieces, 1)).await;
        fates.map_or(Fate::TimedOut, |fates| fates[0])
    }

    /// Four requests at once, the last of them in halves; tells their fates.
    pub async fn pipelined(&mut self, path: Path) -> Vec<Fate> {
        let text = request(path.text());
        let all = text.repeat(4);
        let (first, rest) = all.as_bytes().split_at(text.len() * 7 / 2);
        let pieces = [first, rest];
        let fates = self.converse(path, &pieces, 4);
        let fates = tokio::time::timeout(REQUEST_DEADLINE, fates).await;
        fates.unwrap_or_else(|_| vec![Fate::TimedOut; 4])
    }

    /// Sends pieces, with pauses between them, and reads so many answers meanwhile.
    async fn converse(&mut self, path: Path, pieces: &[&[u8]], answers: usize) -> Vec<Fate> {
        const PAUSE: Duration = Duration::from_millis(1);
        let (mut connection, is_reused) = match self.connection().await {
            Ok(found) => found,
            Err(fate) => return vec![fate; answers],
        };
        let mut fates = Vec::new();
        let mut is_whole = true;
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            is_whole &= connection.send_bytes(piece).await.is_ok();
            // The last piece ends the last request.
            let is_last = at + 1 == pieces.len();
            let ended = if is_last { answers } else { answers - 1 };
            while is_whole && fates.len() < ended {
                match connection.answer().await {
                    Ok(answer) => {
                        is_whole = answer.keep_alive;
                        let is_right = answer.status == 200 && path.is_answered_by(&answer.body);
                        fates.push(if is_right { Fate::Ok } else { Fate::Wrong });
                    }
                    Err(_) => {
                        is_whole = false;
                        fates.push(connection.fate(is_reused));
                    }
                }
            }
        }
        // What an answer with `Connection: close` leaves unanswered is to be sent again.
        fates.resize(answers, Fate::ResetReused);
        self.connection = is_whole.then_some(connection);
        fates
    }

    /// One GET, on the connection of the last one where that still stands.
    ///
    /// # Errors
    ///
    /// The fate of a request that was not answered.
    pub async fn ask(&mut self, path: &str) -> Result<Answer, Fate> {
        let (mut connection, is_reused) = self.connection().await?;
        match connection.ask(path).await {
            Ok(answer) => {
                self.connection = answer.keep_alive.then_some(connection);
                Ok(answer)
            }
            Err(_) => Err(connection.fate(is_reused)),
        }
    }

    /// The connection of the last request, where that still stands, or another one; and whether it is
    /// the same.
    async fn connection(&mut self) -> Result<(Connection, bool), Fate> {
        let reusable = self.connection.take().filter(Connection::is_open);
        if let Some(connection) = reusable {
            return Ok((connection, true));
        }
        match Connection::open(self.addr).await {
            Ok(connection) => {
                self.opened += 1;
                Ok((connection, false))
            }
            Err(err) if err.kind() == io::ErrorKind::ConnectionRefused => Err(Fate::Refused),
            Err(_) => Err(Fate::ResetFresh),
        }
    }
}

/// The text of a GET.
#[must_use]
pub fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
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
