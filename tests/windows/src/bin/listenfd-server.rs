//! A server on the published `listenfd` crate and `std`: takes the first TCP listener, and answers each connection once.

#![allow(clippy::print_stdout, reason = "it reports to the test")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::json;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

fn main() -> std::io::Result<()> {
    let listener = listenfd::ListenFd::from_env().take_tcp_listener(0)?;
    let listener = listener.ok_or_else(|| std::io::Error::other("no listener was handed over"))?;
    listener.set_nonblocking(false)?;
    println!("{}", json!({ "pid": std::process::id(), "addrs": [listener.local_addr()?] }));
    loop {
        // The client may have gone.
        let _ = answer(&listener.accept()?.0);
    }
}

fn answer(mut connection: &TcpStream) -> std::io::Result<()> {
    for line in BufReader::new(connection).lines() {
        if line?.is_empty() {
            return connection.write_all(ANSWER);
        }
    }
    Ok(())
}
