//! A port of this machine. Any process can connect to it, so a program proves itself by a token.
//!
//! A connection to it begins with the token and a line feed; then comes the message. There is no way to give
//! a connection away.

mod receive;
mod send;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;

pub use receive::{First, first};
pub use send::{note, relay_preface};

/// Where the page socket is, and the token that opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    addr: SocketAddr,
    token: String,
}

/// How long a token is: 32 hexadecimal digits in lower case.
const TOKEN: usize = 32;

impl Place {
    /// How many bytes a connection begins with: the token and a line feed.
    pub const OPENING: usize = TOKEN + 1;

    /// `None` if the address is not one of this machine's loopback, or the token is malformed.
    #[must_use]
    pub fn new(addr: SocketAddr, token: String) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_token = token.len() == TOKEN && token.bytes().all(is_digit);
        (is_token && addr.ip().is_loopback()).then_some(Place { addr, token })
    }

    /// The address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether a connection that begins with these bytes has the token. Takes the same time wherever the
    /// first difference is.
    #[must_use]
    pub fn opens_with(&self, bytes: &[u8; Self::OPENING]) -> bool {
        let opening = self.opening();
        let pairs = bytes.iter().zip(opening.as_bytes());
        let differences = pairs.fold(0, |all, (left, right)| all | (left ^ right));
        std::hint::black_box(differences) == 0
    }

    fn opening(&self) -> String {
        format!("{}\n", self.token)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// The text of a place in the variable: `tcp:127.0.0.1:PORT:TOKEN`.
pub(super) fn place_value(place: &Place) -> OsString {
    format!("tcp:{}:{}", place.addr, place.token).into()
}

/// The place in the variable.
pub(super) fn parse_place(value: &[u8]) -> Option<Place> {
    let rest = std::str::from_utf8(value).ok()?.strip_prefix("tcp:")?;
    let (addr, token) = rest.rsplit_once(':')?;
    Place::new(addr.parse().ok()?, token.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::super::{MAX_NOTE, NOTE, RELAY};
    use super::*;

    const TEXT: &str = "tcp:127.0.0.1:49152:0123456789abcdef0123456789abcdef";

    fn place_of(listener: &TcpListener) -> Place {
        Place::new(listener.local_addr().unwrap(), "0123456789abcdef".repeat(2)).unwrap()
    }

    /// Accepts a connection, checks its token, and returns how its message begins.
    fn accept(listener: &TcpListener, place: &Place) -> (First, TcpStream) {
        let (mut stream, _) = listener.accept().unwrap();
        let mut opening = [0; Place::OPENING];
        stream.read_exact(&mut opening).unwrap();
        assert!(place.opens_with(&opening));
        let mut kind = [0];
        stream.read_exact(&mut kind).unwrap();
        (first(kind[0]).unwrap(), stream)
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = parse_place(TEXT.as_bytes()).unwrap();
        assert_eq!(place_value(&place), TEXT);
        assert_eq!(place.addr(), "127.0.0.1:49152".parse().unwrap());
        assert!(!format!("{place:?}").contains("abcdef"));
        for malformed in [
            "",
            "tcp:",
            &TEXT[4..],
            &TEXT[..TEXT.len() - 1],
            &TEXT.to_uppercase(),
            &TEXT.replace("127.0.0.1", "192.0.2.1"),
            &TEXT.replace(":49152", ""),
        ] {
            assert_eq!(parse_place(malformed.as_bytes()), None, "{malformed}");
        }
    }

    #[test]
    fn only_the_whole_token_opens_it() {
        let place = parse_place(TEXT.as_bytes()).unwrap();
        let right: [u8; Place::OPENING] = place.opening().as_bytes().try_into().unwrap();
        assert!(place.opens_with(&right));
        for at in 0..Place::OPENING {
            let mut wrong = right;
            wrong[at] ^= 1;
            assert!(!place.opens_with(&wrong), "{at}");
        }
    }

    #[test]
    fn a_note_and_a_relay_arrive_behind_the_token() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place = place_of(&listener);
        let text = format!("{}\u{e4}", "x".repeat(MAX_NOTE - 1));
        note(&place, &text).unwrap();
        let (kind, mut stream) = accept(&listener, &place);
        assert!(matches!(kind, First::Note));
        let mut arrived = String::new();
        stream.read_to_string(&mut arrived).unwrap();
        assert_eq!(arrived, "x".repeat(MAX_NOTE - 1));

        let mut client = TcpStream::connect(place.addr()).unwrap();
        client.write_all(&relay_preface(&place)).unwrap();
        drop(client);
        let (kind, mut stream) = accept(&listener, &place);
        assert!(matches!(kind, First::Relay));
        let mut arrived = String::new();
        stream.read_to_string(&mut arrived).unwrap();
        assert_eq!(arrived, "-\n");
        assert!(first(RELAY).is_ok() && first(NOTE).is_ok() && first(b'G').is_err());
    }

    #[test]
    fn a_note_for_nobody_does_not_wait() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place = place_of(&listener);
        drop(listener);
        let began = std::time::Instant::now();
        note(&place, "x").unwrap_err();
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }
}
