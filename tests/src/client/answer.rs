//! An answer of HTTP/1, and its head as it arrives.

use std::io;

use bytes::BytesMut;

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, unchanged.
    pub head: String,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// Whether the connection stays open for another request.
    pub keep_alive: bool,
}

/// Where the body of an answer ends.
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

/// Takes the head of an answer out of the received bytes, when it is complete.
pub(crate) fn take_head(received: &mut BytesMut) -> io::Result<Option<(Answer, Framing)>> {
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
