//! Requests of the script on connections that cannot be given away: with TLS or HTTP/2, after a request with
//! a body, with a head that came in pieces, and all those of actix-web. Each is asked of `cargo devserver`
//! again (`request.rs`, HTTP/1.0 over the page socket, `stream/`), and its answer passed on (`answer.rs`,
//! `body.rs`). On Windows, all requests of the script are.
//!
//! An event stream ends as soon as the server drains, so that it does not hold a restart up. The page opens
//! another one.

mod answer;
mod body;
mod request;
mod stream;

use std::io;
use std::time::Duration;

use super::announced::Devserver;
use crate::DrainToken;

pub use answer::Relayed;
pub use body::RelayedBody;
pub use request::RelayRequest;
use stream::Stream;

impl Devserver {
    /// Asks `cargo devserver` and returns its answer, or one that says why there is none.
    pub async fn relay(&'static self, request: RelayRequest, drain: DrainToken) -> Relayed {
        /// It answers at once, unless it is suspended.
        const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
        let answer = tokio::time::timeout(HEAD_TIMEOUT, self.ask(request, drain)).await;
        answer
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .unwrap_or_else(Relayed::failed)
    }

    async fn ask(&self, request: RelayRequest, drain: DrainToken) -> io::Result<Relayed> {
        let head = request.head?;
        let stream = stream::open(self.socket(), request.uid).await?;
        write_all(&stream, &head).await?;
        Relayed::read(stream, request.is_head, drain).await
    }
}

async fn write_all(stream: &Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
            Err(err) => return Err(err),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
