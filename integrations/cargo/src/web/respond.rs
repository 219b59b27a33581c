//! One answer on one connection: 503, and why. Each step of it has a bound, in time and in memory.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::answer::Shared;
use super::socket::Socket;

/// How long the head of a request may take to arrive.
const HEAD: Duration = Duration::from_secs(10);
/// How long a client may take to read the answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How long what a client sends is read after it was answered.
const LINGER: Duration = Duration::from_secs(10);
/// How large a head may be.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long the first four bytes may take, by which HTTP/2 is told.
const FIRST_BYTES: Duration = Duration::from_secs(1);

/// Answers a connection whose first byte is there, and closes it.
pub(super) async fn respond(mut socket: Socket, shared: &Shared) {
    let is_answered = match is_http2(&socket).await {
        Ok(false) => timeout(HEAD + ANSWER, answer_http1(&mut socket, shared)).await.is_ok(),
        Ok(true) => timeout(ANSWER, refuse_http2(&mut socket)).await.is_ok(),
        Err(_) => return,
    };
    if is_answered {
        // A connection that is closed with unread bytes is reset, and the answer may be lost. So
        // whatever the client is still sending is read first.
        let _ = timeout(LINGER, read_the_rest(socket)).await;
    }
}

/// The client may be gone; nobody is left to tell.
async fn answer_http1(socket: &mut Socket, shared: &Shared) {
    let service = service_fn(|request| async move { answer(&request, shared) });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LARGEST_HEAD);
    // The next request is for the next program.
    builder.keep_alive(false);
    let _ = builder.serve_connection(TokioIo::new(socket), service).await;
}

async fn refuse_http2(socket: &mut Socket) {
    if socket.write_all(&goodbye()).await.is_ok() {
        let _ = socket.shutdown().await;
    }
}

async fn read_the_rest(mut socket: Socket) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = socket.read(&mut buffer).await {}
}

async fn is_http2(socket: &Socket) -> io::Result<bool> {
    /// Of `PRI * HTTP/2.0`, with which no request begins (RFC 9113, section 3.4).
    const PREFACE: &[u8; 4] = b"PRI ";
    const LOOK: Duration = Duration::from_millis(10);
    let look = async {
        loop {
            let mut begins = [0; PREFACE.len()];
            let length = socket.peek(&mut begins)?;
            if length == begins.len() || !PREFACE.starts_with(&begins[..length]) {
                return Ok(&begins == PREFACE);
            }
            // Nothing tells when there is more than what is not read.
            sleep(LOOK).await;
        }
    };
    timeout(FIRST_BYTES, look).await.unwrap_or(Ok(false))
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

/// At once: neither is the body of the request waited for nor asked for (`Expect: 100-continue`).
fn answer(
    request: &Request<Incoming>,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let mut response = Response::new(Full::new(shared.told(request.uri().host().or(host))));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http2_is_refused_in_its_own_words() {
        let bytes = goodbye();
        assert_eq!(bytes[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0]);
        let length = bytes.len() - 18;
        let length = u8::try_from(length).unwrap();
        assert_eq!(bytes[9..26], [0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd]);
    }
}
