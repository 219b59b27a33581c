//! One answer on one connection: 503, and the reason. Each step is bounded in time and memory.

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

use super::connection::Socket;
use super::reason::Reason;

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to read the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the rest of a request is read after the answer.
const REST_TIMEOUT: Duration = Duration::from_secs(10);
/// How large a head may be.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long the first four bytes may take, which tell HTTP/2 from HTTP/1.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers a connection whose first byte is there, and closes it.
pub(super) async fn respond(mut socket: Socket, reason: &Reason) {
    let is_answered = match is_http2(&socket).await {
        Ok(false) => {
            timeout(HEAD_TIMEOUT + ANSWER_TIMEOUT, answer_http1(&mut socket, reason)).await.is_ok()
        }
        Ok(true) => timeout(ANSWER_TIMEOUT, refuse_http2(&mut socket)).await.is_ok(),
        Err(_) => return,
    };
    if is_answered {
        // A connection that is closed with unread bytes is reset, and the answer may be lost. So
        // the rest of the request is read first.
        let _ = timeout(REST_TIMEOUT, read_the_rest(socket)).await;
    }
}

async fn answer_http1(socket: &mut Socket, reason: &Reason) {
    let service = service_fn(|request| async move { answer(&request, reason) });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(LARGEST_HEAD);
    // The next request is for the next program.
    builder.keep_alive(false);
    // Where the client is gone, there is nothing left to do.
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

/// Answers at once, without waiting or asking for the body of the request (`Expect: 100-continue`).
fn answer(
    request: &Request<Incoming>,
    reason: &Reason,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let mut response = Response::new(Full::new(reason.for_host(request.uri().host().or(host))));
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
    fn http2_is_refused_by_a_goaway_frame() {
        let bytes = goodbye();
        assert_eq!(bytes[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0]);
        let length = bytes.len() - 18;
        let length = u8::try_from(length).unwrap();
        assert_eq!(bytes[9..26], [0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd]);
    }
}
