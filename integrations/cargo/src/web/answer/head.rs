//! The head of a request that stays unread in its socket: just enough to decide who answers it.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::navigation::is_navigation;
use crate::page::serve::Pages;
use crate::web::connection::Socket;

/// How large a head may be; browsers send much smaller ones.
const LARGEST: usize = 64 * 1024;
/// How long the rest of a head may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pauses between two looks, the shortest and the longest: the system does not report more
/// bytes while some are unread.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(160)];

/// Whether a request is answered here while a build runs: a page that a person looks at, or below
/// the reserved path. `false` for a request that is not whole in time: a program may know what to
/// do with it.
pub(crate) async fn is_for_us(socket: &Socket, pages: Option<&Pages>) -> bool {
    let decide = |begun: &[u8]| {
        if pages.is_some_and(|pages| pages.is_own(begun) == Some(true)) {
            return Some(true);
        }
        let end = begun.windows(4).position(|end| end == b"\r\n\r\n")?;
        Some(is_for_a_person(&begun[..end]))
    };
    look(socket, decide).await
}

/// Whether a request is below the reserved path.
pub(crate) async fn is_own(socket: &Socket, pages: &Pages) -> bool {
    look(socket, |begun| pages.is_own(begun)).await
}

/// Gives `decide` the bytes that have arrived until it has decided.
async fn look(socket: &Socket, decide: impl Fn(&[u8]) -> Option<bool>) -> bool {
    let look = async {
        let [mut pause, longest] = PAUSES;
        let mut buffer = vec![0; 4096];
        loop {
            let length = socket.peek(&mut buffer).unwrap_or_default();
            if let Some(decided) = decide(&buffer[..length]) {
                return decided;
            }
            if length == 0 || (length == buffer.len() && length >= LARGEST) {
                return false;
            }
            if length == buffer.len() {
                buffer.resize(length * 2, 0);
                continue;
            }
            sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    };
    timeout(TIMEOUT, look).await.unwrap_or(false)
}

/// Whether a whole head, without the empty line at its end, asks for a page.
fn is_for_a_person(head: &[u8]) -> bool {
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(_), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let header = |name: &str| {
        let fields = lines.clone().filter_map(|line| line.split_once(':'));
        let mut values = fields.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim())
    };
    is_navigation(method, header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_answered_here() {
        let page = "Host: a\r\nACCEPT:  text/html,*/*;q=0.8 \r\nSec-Fetch-Dest: document";
        for (head, is_here) in [
            (format!("GET / HTTP/1.1\r\n{page}"), true),
            (format!("GET /a?b HTTP/1.0\r\n{page}"), true),
            ("GET / HTTP/1.1\r\nHost: a".into(), false),
            (format!("POST / HTTP/1.1\r\n{page}"), false),
            (format!("GET / HTTP/2.0\r\n{page}"), false),
            (format!("GET /a b HTTP/1.1\r\n{page}"), false),
            (format!("GET\r\n{page}"), false),
            ("PRI * HTTP/2.0".into(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_for_a_person(head.as_bytes()), is_here, "{head}");
        }
        assert!(!is_for_a_person(b"GET / HTTP/1.1\r\nAccept: text/html\r\nX: \xff"));
    }

    /// A socket in which these bytes have arrived.
    #[cfg(unix)]
    async fn socket(bytes: &[u8]) -> (Socket, tokio::net::UnixStream) {
        let (ours, theirs) = tokio::net::UnixStream::pair().unwrap();
        for chunk in bytes.chunks(16 * 1024) {
            theirs.writable().await.unwrap();
            assert_eq!(theirs.try_write(chunk).unwrap(), chunk.len());
        }
        (Socket::Unix(ours), theirs)
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_head_is_looked_at_and_stays_unread() {
        let padding = format!("Cookie: {}\r\n", "x".repeat(9000));
        let head = format!("GET / HTTP/1.1\r\n{padding}Accept: text/html\r\n\r\n");
        let (socket, _peer) = socket(head.as_bytes()).await;
        assert!(is_for_us(&socket, None).await);
        let mut unread = vec![0; 20_000];
        assert_eq!(socket.peek(&mut unread).unwrap(), head.len());
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_head_without_an_end_is_not_waited_for() {
        let (half, _peer) = socket(b"GET / HTTP/1.1\r\nAccept: text/html\r\n").await;
        assert!(!is_for_us(&half, None).await);
        let (long, _peer) = socket(&[b'x'; LARGEST]).await;
        assert!(!is_for_us(&long, None).await);
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn the_rest_of_a_head_may_come_later() {
        let (socket, peer) = socket(b"GET / HTTP/1.1\r\nAccept: text/h").await;
        let rest = async {
            sleep(Duration::from_secs(1)).await;
            peer.try_write(b"tml\r\n\r\n").unwrap();
        };
        let (is_here, ()) = tokio::join!(is_for_us(&socket, None), rest);
        assert!(is_here);
    }
}
