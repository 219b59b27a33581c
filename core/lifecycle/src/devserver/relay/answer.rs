//! The head of an answer.

use std::io;

use super::body::RelayedBody;
use super::stream::Stream;
use crate::DrainToken;

/// An answer of `cargo devserver`.
#[derive(Debug)]
pub struct Relayed {
    /// The status, at least 200.
    pub status: u16,
    /// The headers, without those that concern the connection only, and without the length: the body tells.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: RelayedBody,
    /// Whether the body has no known end, as that of an event stream. The connection is to close after it, for
    /// it ends when the server drains.
    pub is_stream: bool,
}

/// The length of the longest head, and its headers.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 64;

const NOT_RELAYED: [&str; 5] =
    ["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"];

impl Relayed {
    /// Reads the head of the answer.
    pub(super) async fn read(stream: Stream, is_head: bool, drain: DrainToken) -> io::Result<Self> {
        let mut read = Vec::new();
        loop {
            if let Some((head, length)) = parse(&read)? {
                let rest = read.split_off(length);
                return Ok(head.with_body(rest, stream, is_head, drain));
            }
            if read.len() > MAX_HEAD {
                return Err(invalid("the head is too long"));
            }
            stream.readable().await?;
            let mut bytes = [0; 4096];
            match stream.try_read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => read.extend_from_slice(&bytes[..length]),
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                Err(err) => return Err(err),
            }
        }
    }

    /// An answer that says that there is none.
    pub(super) fn failed(err: io::Error) -> Self {
        let status = match err.kind() {
            io::ErrorKind::InvalidInput => 400,
            _ => 503,
        };
        tracing::debug!("cargo devserver does not answer: {err}");
        let text = format!("cargo devserver does not answer: {err}\n");
        let headers = [
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "no-store"),
            ("retry-after", "1"),
            ("x-content-type-options", "nosniff"),
        ];
        Relayed {
            status,
            headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
            body: RelayedBody::of_text(text),
            is_stream: false,
        }
    }
}

struct Head {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    length: Option<u64>,
}

impl Head {
    fn with_body(self, read: Vec<u8>, stream: Stream, is_head: bool, drain: DrainToken) -> Relayed {
        let has_body = !is_head && !matches!(self.status, 204 | 304);
        let is_stream = has_body && self.length.is_none();
        let body = match has_body {
            true => RelayedBody::new(read, stream, self.length, is_stream.then_some(drain)),
            false => RelayedBody::of_text(String::new()),
        };
        Relayed { status: self.status, headers: self.headers, body, is_stream }
    }
}

/// The head and its length, if all of it is there.
fn parse(bytes: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) =
        response.parse(bytes).map_err(|err| invalid(&err.to_string()))?
    else {
        return Ok(None);
    };
    let status = response.code.filter(|code| (200..1000).contains(code));
    let mut head = Head {
        status: status.ok_or_else(|| invalid("no status"))?,
        headers: Vec::new(),
        length: None,
    };
    for header in response.headers.iter() {
        let name = header.name.to_ascii_lowercase();
        if name == "content-length" {
            let length = std::str::from_utf8(header.value).ok().and_then(|text| text.parse().ok());
            head.length = Some(length.ok_or_else(|| invalid("no length"))?);
        }
        if !NOT_RELAYED.contains(&&*name) {
            head.headers.push((name, header.value.to_vec()));
        }
    }
    Ok(Some((head, end)))
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_all_of_it_is_there() {
        let text = b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                     Content-Length: 3\r\n\r\nabc";
        for end in 0..text.len() - 3 {
            assert!(parse(&text[..end]).unwrap().is_none(), "{end}");
        }
        let (head, length) = parse(text).unwrap().unwrap();
        assert_eq!((head.status, head.length, length), (404, Some(3), text.len() - 3));
        assert_eq!(head.headers, [("content-type".into(), b"text/plain".to_vec())]);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for text in [
            "nonsense",
            "HTTP/1.0 100 Continue\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: x\r\n\r\n",
            &format!("HTTP/1.0 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1)),
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
