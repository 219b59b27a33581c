//! A server without our crates: the published `listenfd` crate and `std`.

use std::io::{BufRead, BufReader, Error, Result, Write};
use std::net::{TcpListener, TcpStream};

/// The first handed TCP listener.
///
/// # Errors
///
/// When none was handed over.
pub fn take_listener() -> Result<TcpListener> {
    let listener = listenfd::ListenFd::from_env().take_tcp_listener(0)?;
    let listener = listener.ok_or_else(|| Error::other("no listener was handed over"))?;
    listener.set_nonblocking(false)?;
    Ok(listener)
}

/// Answers the first request of a connection.
///
/// # Errors
///
/// When the client has gone.
pub fn answer_once(mut connection: &TcpStream, body: &str) -> Result<()> {
    for line in BufReader::new(connection).lines() {
        if line?.is_empty() {
            let length = body.len();
            return write!(
                connection,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    }
    Ok(())
}
