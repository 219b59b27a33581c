//! The side of a server: requests the stored descriptors.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::deadline::{Deadline, REQUEST_TIMEOUT};
use crate::handoff::limits::too_many_open_files;
use crate::sys::{self, Received};

/// Requests the stored descriptors of the supplier that listens at `path`.
pub(crate) fn request(path: &Path) -> io::Result<Vec<OwnedFd>> {
    /// A supplier that was busy, or out of descriptors, may answer a moment later.
    const RETRY_PAUSE: Duration = Duration::from_millis(100);
    let deadline = Deadline::after(REQUEST_TIMEOUT);
    let answer = request_until(path, deadline).or_else(|_| {
        std::thread::sleep(RETRY_PAUSE);
        request_until(path, deadline)
    });
    answer.map_err(|err| match err.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::new(
            io::ErrorKind::TimedOut,
            format!("it has not answered within {} s", REQUEST_TIMEOUT.as_secs()),
        ),
        _ => err,
    })
}

fn request_until(path: &Path, deadline: Deadline) -> io::Result<Vec<OwnedFd>> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // It covers connect(2), which waits where the supplier's queue is full (`unix(7)`).
    socket.set_write_timeout(deadline.left()?)?;
    socket.connect(&SockAddr::unix(path)?)?;
    let mut stream = UnixStream::from(OwnedFd::from(socket));
    let mut fds = Vec::new();
    loop {
        stream.set_read_timeout(deadline.left()?)?;
        match sys::receive(stream.as_fd(), &mut [0])? {
            Received { length: 0, .. } => break,
            // Without the byte below, the supplier keeps them.
            received if received.fds.is_empty() => return Err(too_many_open_files()),
            received => fds.extend(received.fds),
        }
    }
    stream.write_all(&[1])?;
    Ok(fds)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::Instant;

    use super::*;

    /// A suspended supplier accepts nothing, and its queue is full.
    #[test]
    fn a_supplier_that_does_not_accept_times_out() {
        let path = std::env::temp_dir().join(format!("listenfd-store-{}", std::process::id()));
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        let _waits = UnixStream::connect(&path).unwrap();
        let began = Instant::now();
        let answer = request_until(&path, Deadline::after(Duration::from_millis(50)));
        std::fs::remove_file(&path).unwrap();
        assert!(answer.is_err() && began.elapsed() < Duration::from_secs(5), "{answer:?}");
    }

    /// It sends a message now and then, each within the timeout.
    #[test]
    fn a_supplier_that_dribbles_times_out() {
        let path = std::env::temp_dir().join(format!("listenfd-dribble-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let supplier = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            while sys::send(stream.as_fd(), &[1], &[stream.as_fd()]).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let answer = request_until(&path, Deadline::after(Duration::from_millis(200)));
        std::fs::remove_file(&path).unwrap();
        let kind = answer.unwrap_err().kind();
        assert!(matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{kind}");
        supplier.join().unwrap();
    }
}
