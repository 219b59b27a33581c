//! A client that does random things on keep-alive connections, and checks every byte of every answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;

use super::tally::Tally;
use crate::client::{Answer, Connection};
use crate::wait::DEADLINE;

/// The next step after an action on a connection.
enum Next {
    GoOn(Connection),
    Reopen,
}

type Done = Result<Next, String>;

/// A request, and the right answer to it.
struct Exchange {
    bytes: Vec<u8>,
    answer: Vec<u8>,
}

/// A client with at most one connection at a time.
pub(super) struct RandomClient {
    addr: SocketAddr,
    number: u64,
    /// The number of its requests so far.
    requests: u64,
    random: Rng,
    tally: Arc<Tally>,
}

impl RandomClient {
    pub(super) fn new(addr: SocketAddr, number: u64, random: Rng, tally: Arc<Tally>) -> Self {
        RandomClient { addr, number, requests: 0, random, tally }
    }

    pub(super) async fn run(mut self) {
        let mut connection = None;
        while !self.tally.stop.load(Ordering::Relaxed) {
            let open = match connection.take() {
                Some(open) if Connection::is_open(&open) => open,
                found => {
                    self.tally.closed.fetch_add(found.is_some().into(), Ordering::Relaxed);
                    Connection::open(self.addr).await.unwrap()
                }
            };
            let action = self.random.u32(0..100);
            let done = tokio::time::timeout(DEADLINE, self.act(action, open)).await;
            match done.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
                Ok(Next::GoOn(open)) => connection = Some(open),
                Ok(Next::Reopen) => {}
                Err(wrong) => {
                    let wrong = format!("client {}, action {action}: {wrong}", self.number);
                    self.tally.wrong.lock().unwrap().push(wrong);
                }
            }
        }
    }

    async fn act(&mut self, action: u32, open: Connection) -> Done {
        match action {
            0..30 => {
                self.pause(2000).await;
                Ok(Next::GoOn(open))
            }
            30..55 => self.pipelined(open, 1, "").await,
            55..70 => {
                let count = self.random.usize(2..6);
                self.pipelined(open, count, "").await
            }
            70..75 => self.pipelined(open, 1, "Connection: close\r\n").await,
            75..85 => self.posted(open).await,
            85..90 => self.expecting(open).await,
            90..92 => self.unread(open).await,
            92..94 => self.slow_reader(open).await,
            94..97 => self.reset(open).await,
            _ => self.upgraded(open).await,
        }
    }

    async fn pause(&mut self, most: u64) {
        let time = Duration::from_millis(self.random.u64(0..most));
        tokio::time::sleep(time).await;
    }

    fn word(&mut self) -> String {
        self.requests += 1;
        format!("[{} {}]", self.number, self.requests).replace(' ', "-")
    }

    fn get(&mut self, count: usize, header: &str) -> Exchange {
        let word = self.word();
        let head = format!("GET /repeat/{word}/{count} HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        Exchange { bytes: head.into_bytes(), answer: word.repeat(count).into_bytes() }
    }

    fn post(&mut self, header: &str, size: usize) -> (String, Vec<u8>) {
        let word = self.word();
        let body = word.repeat(size / word.len() + 1).into_bytes();
        let head = format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{header}\r\n",
            body.len()
        );
        (head, body)
    }

    /// Sends bytes in random pieces, with pauses.
    async fn send(&mut self, open: &mut Connection, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = match self.random.bool() {
                true => rest.len(),
                false => self.random.usize(1..=rest.len()),
            };
            let (piece, later) = rest.split_at(length);
            open.send_bytes(piece).await?;
            rest = later;
            if !rest.is_empty() {
                self.pause(30).await;
            }
        }
        Ok(())
    }

    /// Reads an answer and compares it with the right one.
    async fn read_answer(&self, open: &mut Connection, expected: &[u8]) -> Result<Answer, String> {
        let answer = open.read_answer().await.map_err(|err| format!("lost: {err}"))?;
        if answer.status != 200 || answer.body != expected {
            let (found, expected) = (shown(&answer.body), shown(expected));
            return Err(format!("{} {found:?} instead of {expected:?}", answer.status));
        }
        self.tally.answered.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }

    fn after(&self, answer: &Answer, open: Connection) -> Next {
        if answer.keep_alive {
            return Next::GoOn(open);
        }
        self.tally.ended.fetch_add(1, Ordering::Relaxed);
        Next::Reopen
    }

    /// Several requests before the first answer.
    async fn pipelined(&mut self, mut open: Connection, count: usize, header: &str) -> Done {
        let exchanges: Vec<_> = (0..count)
            .map(|_| {
                let size = self.random.usize(0..100);
                self.get(size, header)
            })
            .collect();
        let bytes: Vec<_> = exchanges.iter().flat_map(|it| it.bytes.clone()).collect();
        // This fails when an answer has ended the connection.
        let sent = self.send(&mut open, &bytes).await;
        for exchange in &exchanges {
            let answer = self.read_answer(&mut open, &exchange.answer).await?;
            if !answer.keep_alive {
                return Ok(self.after(&answer, open));
            }
        }
        sent.map_err(|err| format!("not sent: {err}"))?;
        Ok(Next::GoOn(open))
    }

    async fn posted(&mut self, mut open: Connection) -> Done {
        let size = self.random.usize(1..20_000);
        let (head, body) = self.post("", size);
        let bytes = match self.random.bool() {
            true => [head.as_bytes(), &body].concat(),
            false => chunked(&mut self.random, &body),
        };
        self.send(&mut open, &bytes).await.map_err(|err| format!("not sent: {err}"))?;
        let answer = self.read_answer(&mut open, &body).await?;
        Ok(self.after(&answer, open))
    }

    async fn expecting(&mut self, mut open: Connection) -> Done {
        let (head, body) = self.post("Expect: 100-continue\r\n", 2000);
        let lost = |err: io::Error| format!("lost: {err}");
        self.send(&mut open, head.as_bytes()).await.map_err(lost)?;
        let go_on = open.read_answer().await.map_err(lost)?;
        if go_on.status != 100 {
            return Err(format!("{} instead of 100", go_on.status));
        }
        self.send(&mut open, &body).await.map_err(lost)?;
        let answer = self.read_answer(&mut open, &body).await?;
        Ok(self.after(&answer, open))
    }

    /// The app answers before it has read the body, or never reads it. The server may close the connection
    /// then, but neither this process nor the next may take the rest of the body for a request.
    async fn unread(&mut self, mut open: Connection) -> Done {
        let forged = "GET /repeat/forged/1 HTTP/1.1\r\nHost: a\r\n\r\n";
        let word = self.word();
        let body = forged.repeat(self.random.usize(1..1000));
        let length = body.len();
        let path = if self.random.bool() { "unread" } else { "early" };
        let head =
            format!("POST /{path}/{word} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        open.send_bytes(head.as_bytes()).await.map_err(|err| format!("not sent: {err}"))?;
        self.read_answer(&mut open, word.as_bytes()).await?;
        self.pause(100).await;
        let exchange = self.get(3, "");
        // The server may have closed it by now.
        let _ = open.send_bytes(&[body.as_bytes(), &exchange.bytes].concat()).await;
        match open.read_answer().await {
            Ok(answer) if answer.status == 200 && answer.body == exchange.answer => {
                Ok(self.after(&answer, open))
            }
            Ok(answer) => Err(format!("a body was answered: {answer:?}")),
            Err(_) => Ok(Next::Reopen),
        }
    }

    async fn slow_reader(&mut self, mut open: Connection) -> Done {
        let exchange = self.get(300_000, "");
        open.send_bytes(&exchange.bytes).await.map_err(|err| format!("not sent: {err}"))?;
        self.pause(300).await;
        let answer = self.read_answer(&mut open, &exchange.answer).await?;
        Ok(self.after(&answer, open))
    }

    /// Half a request, then a reset.
    async fn reset(&mut self, mut open: Connection) -> Done {
        let exchange = self.get(10, "");
        let part = self.random.usize(0..=exchange.bytes.len());
        open.send_bytes(&exchange.bytes[..part]).await.map_err(|err| format!("not sent: {err}"))?;
        self.pause(50).await;
        open.reset().map_err(|err| err.to_string())?;
        self.tally.reset.fetch_add(1, Ordering::Relaxed);
        Ok(Next::Reopen)
    }

    /// A WebSocket, which closes when the server drains.
    async fn upgraded(&mut self, mut open: Connection) -> Done {
        const HEAD: &str = "GET /ws-goodbye HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        self.send(&mut open, HEAD.as_bytes()).await.map_err(|err| format!("not sent: {err}"))?;
        let answer = open.read_answer().await.map_err(|err| format!("lost: {err}"))?;
        if answer.status != 101 {
            return Err(format!("{} instead of 101", answer.status));
        }
        self.tally.upgraded.fetch_add(1, Ordering::Relaxed);
        self.pause(500).await;
        Ok(Next::Reopen)
    }
}

/// The same POST in chunks.
fn chunked(random: &mut Rng, body: &[u8]) -> Vec<u8> {
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, later) = rest.split_at(random.usize(1..=rest.len()));
        bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
        rest = later;
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned()
}
