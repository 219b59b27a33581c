//! While nothing runs: a page for browsers, JSON or text for others, and nothing for strangers (`failures`).
//! The first build is shown, and loses no request (`first_build`).

mod failures;
mod first_build;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use listenfd_tests::{DEADLINE, DevServer};

/// The `Accept` of a browser that asks for a page.
const PAGE: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn sent(addr: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn rest(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A request with these header lines, and its whole answer.
fn asked(server: &DevServer, method: &str, headers: &[&str]) -> String {
    let host = headers.iter().any(|line| line.starts_with("Host:"));
    let host = if host { "" } else { "Host: localhost\r\n" };
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    rest(sent(server.addr, &format!("{method} /a/b HTTP/1.1\r\n{host}{headers}\r\n")))
}

#[track_caller]
fn has_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.to_ascii_lowercase().contains(&part.to_ascii_lowercase()), "{part}\n{text}");
    }
}
