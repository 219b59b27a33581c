//! A client that reuses its connection while that is open, and returns the fate of each request.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::answer::Answer;
use super::connection::{Connection, request};
use super::fate::Fate;
use crate::app::Path;

/// A client with at most one connection, which it reuses.
#[derive(Debug)]
pub struct Client {
    addr: SocketAddr,
    connection: Option<Connection>,
    opened: u64,
}

/// For one request: connecting, and waiting for a restart, included.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

impl Client {
    /// A client that has not connected yet.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        Client { addr, connection: None, opened: 0 }
    }

    /// The number of connections that it has opened so far. While this is one, the server has closed
    /// none, and the client's port has not changed.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Sends a request, on the last connection if that is still open, and returns its fate.
    pub async fn request(&mut self, path: Path) -> Fate {
        let fate = tokio::time::timeout(REQUEST_TIMEOUT, self.try_request(path)).await;
        fate.unwrap_or(Fate::TimedOut)
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.connection = None;
    }

    async fn try_request(&mut self, path: Path) -> Fate {
        match self.get(path.text()).await {
            Ok(answer) if answer.status == 200 && path.is_answered_by(&answer.body) => Fate::Ok,
            Ok(_) => Fate::Wrong,
            Err(fate) => fate,
        }
    }

    /// As [`request`](Self::request), byte by byte with pauses in between.
    pub async fn request_byte_by_byte(&mut self, path: Path) -> Fate {
        let text = request(path.text());
        let pieces: Vec<_> = text.as_bytes().chunks(1).collect();
        let fates = tokio::time::timeout(REQUEST_TIMEOUT, self.converse(path, &pieces, 1)).await;
        fates.map_or(Fate::TimedOut, |fates| fates[0])
    }

    /// Sends four requests at once, the last of them in halves, and returns their fates.
    pub async fn pipelined(&mut self, path: Path) -> Vec<Fate> {
        let text = request(path.text());
        let all = text.repeat(4);
        let (first, rest) = all.as_bytes().split_at(text.len() * 7 / 2);
        let pieces = [first, rest];
        let fates = self.converse(path, &pieces, 4);
        let fates = tokio::time::timeout(REQUEST_TIMEOUT, fates).await;
        fates.unwrap_or_else(|_| vec![Fate::TimedOut; 4])
    }

    /// Sends pieces with pauses in between, and reads `answers` answers meanwhile.
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
                match connection.read_answer().await {
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
        // After an answer with `Connection: close`, a client must send the remaining requests again.
        fates.resize(answers, Fate::ResetReused);
        self.connection = is_whole.then_some(connection);
        fates
    }

    /// Sends a GET, on the last connection if that is still open.
    ///
    /// # Errors
    ///
    /// The fate of a request without a complete answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Fate> {
        let (mut connection, is_reused) = self.connection().await?;
        match connection.get(path).await {
            Ok(answer) => {
                self.connection = answer.keep_alive.then_some(connection);
                Ok(answer)
            }
            Err(_) => Err(connection.fate(is_reused)),
        }
    }

    /// The last connection if that is still open, or a new one; `true` for the last one.
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
