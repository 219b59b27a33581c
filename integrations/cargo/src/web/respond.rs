//! One answer on one connection: 503, and the reason. Each step is bounded in time and memory.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::answer::answer;
use super::answer::head::is_own;
use super::connection::Socket;
use super::recipient::Shared;
use crate::page::serve::connection::{HEAD_TIMEOUT, read_the_rest, serve_one};

/// How long a client may take to read the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the first four bytes may take, which tell HTTP/2 from HTTP/1.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers a connection whose first byte is there, and closes it. Until then, or until it is the
/// event stream of a page, it keeps its `place`.
pub(super) async fn respond(
    mut socket: Socket,
    shared: &Shared,
    place: Option<OwnedSemaphorePermit>,
) {
    let source = socket.source();
    let is_answered = match is_http2(&socket).await {
        Ok(false) => match &shared.pages {
            Some(pages) if is_own(&socket, pages).await => {
                return pages.serve_in(place, socket, source).await;
            }
            _ => {
                // At once, without asking for the body of the request (`Expect: 100-continue`).
                let serving = serve_one(&mut socket, |request| answer(&request, &source, shared));
                timeout(HEAD_TIMEOUT + ANSWER_TIMEOUT, serving).await.is_ok()
            }
        },
        Ok(true) => timeout(ANSWER_TIMEOUT, refuse_http2(&mut socket)).await.is_ok(),
        Err(_) => return,
    };
    if is_answered {
        read_the_rest(socket).await;
    }
    drop(place);
}

async fn refuse_http2(socket: &mut Socket) {
    if socket.write_all(&goodbye()).await.is_ok() {
        let _ = socket.shutdown().await;
    }
}

async fn is_http2(socket: &Socket) -> io::Result<bool> {
    /// The beginning of `PRI * HTTP/2.0`; no HTTP/1 request begins so (RFC 9113, section 3.4).
    const PREFACE: &[u8; 4] = b"PRI ";
    const LOOK: Duration = Duration::from_millis(10);
    let look = async {
        loop {
            let mut begins = [0; PREFACE.len()];
            let length = socket.peek(&mut begins)?;
            if length == begins.len() || !PREFACE.starts_with(&begins[..length]) {
                return Ok(&begins == PREFACE);
            }
            // The system does not report more bytes while some are unread.
            sleep(LOOK).await;
        }
    };
    timeout(FIRST_BYTES_TIMEOUT, look).await.unwrap_or(Ok(false))
}

/// SETTINGS, then GOAWAY with `HTTP_1_1_REQUIRED` (RFC 9113, sections 6.5, 6.8 and 7).
fn goodbye() -> Vec<u8> {
    const WHY: &[u8] = b"cargo devserver: nothing can run; ask by HTTP/1.1 to be told why";
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    const HTTP_1_1_REQUIRED: u32 = 0xd;
    let mut bytes = frame(SETTINGS, &[]);
    let last_stream = 0_u32.to_be_bytes();
    let content = [&last_stream, &HTTP_1_1_REQUIRED.to_be_bytes(), WHY].concat();
    bytes.extend(frame(GOAWAY, &content));
    bytes
}

/// A frame of stream 0, without flags.
fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let head = [&length[length.len() - 3..], &[kind, 0], &0_u32.to_be_bytes()].concat();
    [&head, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http2_is_refused_by_a_goaway_frame() {
        let bytes = goodbye();
        assert_eq!(bytes[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0]);
        let length = bytes.len() - 18;
        let length = u8::try_from(length).unwrap();
        assert_eq!(bytes[9..26], [0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd]);
    }
}
