//! Both sides, over real sockets.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::super::*;
use crate::sys;

/// A page socket, removed again.
struct PageSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl PageSocket {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pages-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        PageSocket { listener: UnixListener::bind(&path).unwrap(), path }
    }

    fn accept(&self) -> UnixStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }
}

impl Drop for PageSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn a_connection_arrives_with_all_that_was_read_and_is_answered_on() {
    let pages = PageSocket::new("give");
    for length in [0, 1, 100, MAX_READ] {
        let (mut client, server) = UnixStream::pair().unwrap();
        client.write_all(b" and the rest").unwrap();
        let read: Vec<u8> = (0..length).map(|number| number as u8).collect();
        // Nobody has accepted yet: it does not wait for that.
        give(&pages.path, server.as_fd(), &read).unwrap();
        drop(server);

        let mut stream = pages.accept();
        let First::Give(given) = receive_first(stream.as_fd()).unwrap() else { panic!("no give") };
        let mut arrived = Vec::new();
        stream.read_to_end(&mut arrived).unwrap();
        assert_eq!(arrived, read);

        let mut given = UnixStream::from(given);
        let mut rest = [0; 13];
        given.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b" and the rest");
        given.write_all(b"answer").unwrap();
        drop(given);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "answer");
    }
}

#[test]
fn more_than_can_be_sent_at_once_is_not_given() {
    let pages = PageSocket::new("long");
    let (server, _client) = UnixStream::pair().unwrap();
    let refused = give(&pages.path, server.as_fd(), &[0; MAX_READ + 1]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_relay_begins_with_the_user_id_and_goes_both_ways() {
    let pages = PageSocket::new("relay");
    for (uid, line) in [(None, "-\n"), (Some(1000), "1000\n")] {
        let mut relay = open_relay(&pages.path, uid).unwrap();
        let mut stream = pages.accept();
        assert!(matches!(receive_first(stream.as_fd()).unwrap(), First::Relay));
        let nothing = relay.read(&mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);

        relay.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        relay.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("{line}GET / HTTP/1.0\r\n\r\n"));
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        drop(stream);
        relay.set_nonblocking(false).unwrap();
        let mut answer = String::new();
        relay.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "HTTP/1.0 200 OK\r\n\r\n");
    }
}

#[test]
fn a_note_is_cut_between_two_characters() {
    let pages = PageSocket::new("note");
    let long = "é".repeat(MAX_NOTE);
    for (text, length) in [("paste the tag", 13), (&format!("a{long}"), MAX_NOTE - 1)] {
        note(&pages.path, text).unwrap();
        let mut stream = pages.accept();
        assert!(matches!(receive_first(stream.as_fd()).unwrap(), First::Note));
        let mut arrived = String::new();
        stream.read_to_string(&mut arrived).unwrap();
        assert_eq!(arrived, text[..length]);
    }
}

#[test]
fn where_nobody_listens_it_fails_at_once() {
    let pages = PageSocket::new("gone");
    let path = pages.path.clone();
    let (server, _client) = UnixStream::pair().unwrap();
    let closed = PageSocket { listener: pages.listener.try_clone().unwrap(), path: path.clone() };
    drop((pages, closed));
    let errors = [
        give(&path, server.as_fd(), b"").unwrap_err(),
        open_relay(&path, None).unwrap_err(),
        note(&path, "text").unwrap_err(),
    ];
    for err in errors {
        assert_eq!(err.kind(), ErrorKind::NotFound, "{err}");
    }
}

/// A suspended `cargo devserver` accepts nothing.
#[test]
fn a_full_queue_is_an_error_at_once() {
    let path = std::env::temp_dir().join(format!("pages-full-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let (server, _client) = UnixStream::pair().unwrap();
    let full = (0..1000).find_map(|_| give(&path, server.as_fd(), b"").err());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(full.unwrap().kind(), ErrorKind::WouldBlock);
}

#[test]
fn what_is_no_message_is_an_error() {
    let receive = |send: &dyn Fn(&UnixStream)| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        send(&ours);
        drop(ours);
        receive_first(theirs.as_fd()).unwrap_err().kind()
    };
    assert_eq!(receive(&|_| {}), ErrorKind::UnexpectedEof);
    let without_connection = receive(&|ours| sys::send(ours.as_fd(), b"G", &[]).unwrap());
    assert_eq!(without_connection, ErrorKind::InvalidData);
    let with_two =
        receive(&|ours| sys::send(ours.as_fd(), b"G", &[ours.as_fd(), ours.as_fd()]).unwrap());
    assert_eq!(with_two, ErrorKind::InvalidData);
    let unknown = receive(&|ours| sys::send(ours.as_fd(), b"X", &[]).unwrap());
    assert_eq!(unknown, ErrorKind::InvalidData);

    let (_ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    assert_eq!(receive_first(theirs.as_fd()).unwrap_err().kind(), ErrorKind::WouldBlock);
}
