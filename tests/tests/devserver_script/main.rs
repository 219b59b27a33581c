//! The pages of a server that `cargo devserver` runs: which get its script, and that all else stays as it is.
//! The test is the `cargo devserver`, which is only its page socket here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod inserted;
mod over_tls;
mod relayed_by_actix_web;
mod release;
mod untouched;

use std::net::SocketAddr;

use listenfd_tests::{Answer, Connection, HOUR_TIMEOUTS, PageSocket, Server, Supplier, program};

const TAG: &str = r#"<script async src="/.devserver/page.js" data-boot="test-1"></script>"#;

/// The headers of a navigation, as Chromium sends them.
const NAVIGATION: &str = "Sec-Fetch-Dest: document\r\nAccept: text/html,application/xhtml+xml,\
                          application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
                          Accept-Encoding: gzip, deflate, br, zstd\r\n";

/// The same app with a `cargo devserver` and without it.
struct Pair {
    pages: PageSocket,
    with: Server,
    without: Server,
}

impl Pair {
    fn start(framework: &str) -> Self {
        let pages = PageSocket::new();
        let start = |variable: Option<(&'static str, std::ffi::OsString)>| {
            let sockets = Supplier::one();
            Server::start_command(
                sockets.command(program(framework)).args(HOUR_TIMEOUTS).envs(variable),
            )
        };
        Pair { with: start(Some(pages.variable())), without: start(None), pages }
    }

    /// The answers to the same request, with and without.
    async fn answers(&self, method: &str, path: &str, headers: &str) -> (Answer, Answer) {
        let answer = async |server: &Server| {
            let mut client = Connection::open(server.addr()).await.unwrap();
            client.send(&request(method, path, headers)).await.unwrap();
            client.read_answer().await.unwrap()
        };
        (answer(&self.with).await, answer(&self.without).await)
    }
}

fn request(method: &str, path: &str, headers: &str) -> String {
    let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
    format!("{method} {path} HTTP/1.1\r\nHost: localhost:3000\r\n{headers}{length}\r\n")
}

/// All bytes of the answer on a connection that closes with it. The headers are sorted, because actix-web
/// sends them in any order, and without the time of day.
async fn bytes(addr: SocketAddr, request: &str) -> String {
    let mut client = Connection::open(addr).await.unwrap();
    client.send(request).await.unwrap();
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.split("\r\n").collect();
    lines.retain(|line| !line.to_ascii_lowercase().starts_with("date: "));
    lines[1..].sort_unstable();
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// The value of a header.
fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}
