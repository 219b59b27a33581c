//! A request as `cargo devserver` gets it: the head of HTTP/1.0, without a body.

use std::io;

use listenfd_core::Peer;

use crate::devserver::announced::Devserver;
use crate::devserver::document::RequestLine;

/// A request that is relayed.
#[derive(Debug)]
pub struct RelayRequest {
    pub(super) head: io::Result<Vec<u8>>,
    pub(super) uid: Option<u32>,
    pub(super) is_head: bool,
}

/// The length of the longest head.
const MAX_HEAD: usize = 64 << 10;

/// Headers that concern one connection and not the request (RFC 9110, section 7.6.1), and those of a body,
/// which is not relayed.
const NOT_RELAYED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Devserver {
    /// The request of a client, to be relayed. `line` has the path without the query, which is `query`; the
    /// names of `headers` are in lower case.
    #[must_use]
    pub fn relay_request<'h>(
        &self,
        line: RequestLine<'_>,
        query: Option<&str>,
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
        peer: &Peer,
    ) -> RelayRequest {
        RelayRequest {
            head: head(line, query, &headers.collect::<Vec<_>>()),
            uid: uid(peer),
            is_head: line.method == "HEAD",
        }
    }
}

/// The user of a Unix client; one that nobody is where the system does not tell.
fn uid(peer: &Peer) -> Option<u32> {
    match peer {
        Peer::Unix(None) => Some(u32::MAX),
        peer => peer.credentials().map(|credentials| credentials.uid),
    }
}

fn head(
    line: RequestLine<'_>,
    query: Option<&str>,
    headers: &[(&str, &[u8])],
) -> io::Result<Vec<u8>> {
    let named: Vec<_> = headers.iter().filter(|(name, _)| *name == "connection").collect();
    let is_named = |name: &str| {
        let mut names = named.iter().flat_map(|(_, value)| value.split(|byte| *byte == b','));
        names.any(|found| found.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    let mut head = Head::default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    head.line(&[line.method, " ", line.path, &query, " HTTP/1.0"].map(str::as_bytes))?;
    if let Some(authority) = line.authority {
        head.line(&[b"host: ", authority.as_bytes()])?;
    }
    for &(name, value) in headers {
        // The host in the URI takes the place of the header (RFC 9112, section 3.2.2).
        let is_replaced = name == "host" && line.authority.is_some();
        if !NOT_RELAYED.contains(&name) && !is_replaced && (name == "host" || !is_named(name)) {
            head.line(&[name.as_bytes(), b": ", value])?;
        }
    }
    head.line(&[b"connection: close"])?;
    head.line(&[])?;
    Ok(head.bytes)
}

#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
}

impl Head {
    /// Adds a line, if it is one.
    fn line(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let line = parts.concat();
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a line break in a head"));
        }
        if self.bytes.len() + line.len() > MAX_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the head is too long"));
        }
        self.bytes.extend_from_slice(&line);
        self.bytes.extend_from_slice(b"\r\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use listenfd_core::Credentials;

    use super::*;
    use crate::devserver::test_socket::devserver_nowhere;

    fn request(authority: Option<&str>, headers: &[(&str, &str)]) -> io::Result<String> {
        let line = RequestLine { method: "GET", path: "/.devserver/events", authority };
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let peer = Peer::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let devserver = devserver_nowhere("/.devserver/");
        let request = devserver.relay_request(line, Some("a=b"), headers, &peer);
        request.head.map(|head| String::from_utf8(head).unwrap())
    }

    #[test]
    fn what_concerns_the_connection_stays_behind() {
        let headers = [
            ("host", "a:1"),
            ("connection", "keep-alive, X-Hop , host"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("content-length", "0"),
            ("origin", "http://a:1"),
            ("cookie", "x"),
            ("cookie", "y"),
        ];
        let expected = "GET /.devserver/events?a=b HTTP/1.0\r\nhost: a:1\r\norigin: http://a:1\r\n\
                        cookie: x\r\ncookie: y\r\nconnection: close\r\n\r\n";
        assert_eq!(request(None, &headers).unwrap(), expected);
    }

    #[test]
    fn the_host_of_the_uri_is_the_one_that_counts() {
        let expected =
            "GET /.devserver/events?a=b HTTP/1.0\r\nhost: b:2\r\nconnection: close\r\n\r\n";
        assert_eq!(request(Some("b:2"), &[("host", "a:1")]).unwrap(), expected);
        // Two of them are not made one: the receiver refuses them.
        let two = request(None, &[("host", "a"), ("host", "b")]).unwrap();
        assert!(two.contains("host: a\r\nhost: b\r\n"), "{two}");
    }

    #[test]
    fn what_would_be_another_line_is_an_error() {
        for value in ["a\r\nx: y", "a\nb", "a\0"] {
            assert!(request(None, &[("x", value)]).is_err(), "{value:?}");
        }
        request(None, &[("x", &"a".repeat(MAX_HEAD))]).unwrap_err();
    }

    #[test]
    fn the_user_of_a_unix_client_goes_with_it() {
        let line = RequestLine { method: "HEAD", path: "/", authority: None };
        let peer = Peer::Unix(Some(Credentials::new(1000, 100, None)));
        let devserver = devserver_nowhere("/.devserver/");
        let request = devserver.relay_request(line, None, [].into_iter(), &peer);
        assert_eq!((request.uid, request.is_head), (Some(1000), true));
    }
}
