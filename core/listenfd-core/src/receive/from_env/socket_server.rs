//! Windows: asks the supplier's socket server for the sockets.
//!
//! The receiver connects to the address in `SYSTEMFD_SOCKET_SERVER`, sends the secret in
//! `SYSTEMFD_SOCKET_SECRET`, a bar and its process id, and closes its half. The answer is one `WSAPROTOCOL_INFOW` for each socket
//! (`WSADuplicateSocketW`), to the end of the stream. The `listenfd` crate and systemfd 0.4 speak the same.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The size of a `WSAPROTOCOL_INFOW` in bytes.
pub(in crate::receive) const INFO_SIZE: usize = 628;

/// What went wrong, with the cure, and the system's error if that was the reason.
pub(in crate::receive) type Failure = (&'static str, Option<io::Error>);

const GONE: &str = "does not answer, so it has probably ended; start this program by its supplier \
                    again, or unset the variable to bind an address";
const SILENT: &str = "has not sent the sockets in time; it may be suspended, or wait for another program \
                      that still has the sockets: end that program, and start this one again";
const REFUSED: &str = "has sent no socket; the secret in SYSTEMFD_SOCKET_SECRET is that of another one, or \
                       it could not copy its sockets: see its output, and start this program by it";
const CUT_OFF: &str = "has sent a part of a socket's description only (each has 628 bytes); see its \
                       output, and start this program again";
const TOO_LONG: &str = "sends more than 1024 sockets, so it is another kind of server; correct or unset \
                        the variable where this program is started";

/// More than a supplier has. What answers may be no supplier.
const MAX_SOCKETS: usize = 1024;

/// Asks the supplier for the sockets of this process, all within a timeout.
pub(in crate::receive) fn request(
    timeout: Duration,
    server: SocketAddr,
    secret: &str,
) -> Result<Vec<[u8; INFO_SIZE]>, Failure> {
    let deadline = Instant::now() + timeout;
    let gone = |err| (GONE, Some(err));
    let mut stream = TcpStream::connect_timeout(&server, timeout).map_err(gone)?;
    stream.set_write_timeout(Some(timeout)).map_err(gone)?;
    let request = format!("{secret}|{}", std::process::id());
    stream.write_all(request.as_bytes()).map_err(gone)?;
    stream.shutdown(Shutdown::Write).map_err(gone)?;
    let answer = read_until(&stream, deadline)?;
    let infos: Vec<_> = answer
        .chunks(INFO_SIZE)
        .filter_map(|info| <[u8; INFO_SIZE]>::try_from(info).ok())
        .collect();
    match infos.len() {
        0 if answer.is_empty() => Err((REFUSED, None)),
        count if answer.len() == count * INFO_SIZE => Ok(infos),
        _ => Err((CUT_OFF, None)),
    }
}

/// Reads the answer to its end.
fn read_until(mut stream: &TcpStream, deadline: Instant) -> Result<Vec<u8>, Failure> {
    let (mut answer, mut part) = (Vec::new(), [0; 4 * INFO_SIZE]);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err((SILENT, None));
        }
        stream.set_read_timeout(Some(left)).map_err(|err| (GONE, Some(err)))?;
        match stream.read(&mut part) {
            Ok(0) => return Ok(answer),
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err)
                if matches!(err.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                return Err((SILENT, None));
            }
            Err(err) => return Err((GONE, Some(err))),
        }
        if answer.len() > MAX_SOCKETS * INFO_SIZE {
            return Err((TOO_LONG, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// A server that answers one client with these bytes. It returns the request.
    fn server(answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            stream.read_to_string(&mut request).unwrap();
            // The client may have left.
            let _ = stream.write_all(&answer);
            request
        });
        (addr, thread)
    }

    #[test]
    fn a_request_has_the_secret_and_the_process_id() {
        let answer: Vec<u8> = (0..2 * INFO_SIZE).map(|at| (at % 251) as u8).collect();
        let (addr, thread) = server(answer.clone());
        let infos = request(TIMEOUT, addr, "a-secret").unwrap();
        assert_eq!(infos.concat(), answer);
        assert_eq!(thread.join().unwrap(), format!("a-secret|{}", std::process::id()));
    }

    #[test]
    fn answers_that_are_no_sockets() {
        let sized = |length| vec![7; length];
        for (answer, problem) in [
            (sized(0), REFUSED),
            (sized(1), CUT_OFF),
            (sized(INFO_SIZE - 1), CUT_OFF),
            (sized(INFO_SIZE + 5), CUT_OFF),
            (sized((MAX_SOCKETS + 9) * INFO_SIZE), TOO_LONG),
        ] {
            let (addr, thread) = server(answer);
            let (found, source) = request(TIMEOUT, addr, "s").unwrap_err();
            assert_eq!(found, problem, "{source:?}");
            thread.join().unwrap();
        }
    }

    #[test]
    fn a_supplier_that_is_gone_or_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let found = request(Duration::from_millis(50), addr, "s").unwrap_err();
        assert_eq!(found.0, SILENT, "{found:?}");
        drop(listener);
        assert_eq!(request(TIMEOUT, addr, "s").unwrap_err().0, GONE);
    }
}
