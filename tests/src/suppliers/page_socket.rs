//! The test as `cargo devserver`, as far as its pages are concerned: it gets what programs give away.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Instant;

use listenfd_core::internal::page_socket::{Announcement, First, VARIABLE, receive_first};

use crate::folder::Folder;
use crate::wait::DEADLINE;

/// A page socket, with the reserved path `/.devserver/`.
#[derive(Debug)]
pub struct PageSocket {
    listener: UnixListener,
    announcement: Announcement,
    folder: Folder,
}

/// What a program has sent to the page socket.
#[derive(Debug)]
pub enum PageMessage {
    /// A connection, and what was read from it already.
    Given(Given),
    /// A request. The answer is to be written into the stream.
    Relay(Relay),
    /// Text for the terminal.
    Note(String),
}

/// A connection that a program has given away.
#[derive(Debug)]
pub struct Given {
    connection: socket2::Socket,
    /// What the program had read from it.
    pub read: Vec<u8>,
}

/// A request that a program relays.
#[derive(Debug)]
pub struct Relay {
    /// The client's user id, or `-`.
    pub uid: String,
    /// The head of the request.
    pub head: String,
    /// For the answer.
    pub stream: UnixStream,
}

impl PageSocket {
    /// A page socket that no program knows yet.
    ///
    /// # Panics
    ///
    /// When it cannot be bound.
    #[must_use]
    pub fn new() -> Self {
        let folder = Folder::new();
        let socket = folder.path("pages");
        let listener = UnixListener::bind(&socket).unwrap();
        // So that a test that expects a message does not hang.
        listener.set_nonblocking(true).unwrap();
        let (boot, path) = ("test-1".into(), "/.devserver/".into());
        PageSocket { listener, announcement: Announcement { boot, path, socket }, folder }
    }

    /// The variable that announces it to a program, and its value.
    #[must_use]
    pub fn variable(&self) -> (&'static str, OsString) {
        (VARIABLE, self.announcement.value())
    }

    /// Removes it. The programs that know it find nothing.
    ///
    /// # Panics
    ///
    /// When it cannot be removed.
    pub fn remove(&self) {
        std::fs::remove_file(self.folder.path("pages")).unwrap();
    }

    /// Fills its queue, as when `cargo devserver` is suspended. No message comes while these are open.
    ///
    /// # Panics
    ///
    /// When it cannot be filled.
    #[must_use]
    pub fn fill(&self) -> Vec<socket2::Socket> {
        let path = socket2::SockAddr::unix(&self.announcement.socket).unwrap();
        let mut waiting = Vec::new();
        loop {
            let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
            let socket = socket.unwrap();
            socket.set_nonblocking(true).unwrap();
            match socket.connect(&path) {
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => return waiting,
                connected => connected.unwrap(),
            }
            waiting.push(socket);
        }
    }

    /// The next message, if one has come.
    ///
    /// # Panics
    ///
    /// When it is malformed.
    #[must_use]
    pub fn try_next(&self) -> Option<PageMessage> {
        let (mut stream, _) = match self.listener.accept() {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => return None,
            accepted => accepted.unwrap(),
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Some(match receive_first(stream.as_fd()).unwrap() {
            First::Give(connection) => {
                let connection = socket2::Socket::from(connection);
                connection.set_nonblocking(false).unwrap();
                connection.set_read_timeout(Some(DEADLINE)).unwrap();
                let mut read = Vec::new();
                stream.read_to_end(&mut read).unwrap();
                PageMessage::Given(Given { connection, read })
            }
            First::Relay => {
                let uid = read_until(&mut stream, "\n");
                let head = read_until(&mut stream, "\r\n\r\n");
                PageMessage::Relay(Relay { uid: uid.trim_end().into(), head, stream })
            }
            First::Note => {
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                PageMessage::Note(text)
            }
        })
    }

    /// Waits for the next message.
    ///
    /// # Panics
    ///
    /// When there is none in time, or it is malformed.
    #[track_caller]
    #[must_use]
    pub fn next_message(&self) -> PageMessage {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(message) = self.try_next() {
                return message;
            }
            assert!(Instant::now() < end, "no message after {DEADLINE:?}");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Waits for a connection.
    ///
    /// # Panics
    ///
    /// When another message comes, or none in time.
    #[track_caller]
    #[must_use]
    pub fn next_given(&self) -> Given {
        match self.next_message() {
            PageMessage::Given(given) => given,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a relay.
    ///
    /// # Panics
    ///
    /// When another message comes, or none in time.
    #[track_caller]
    #[must_use]
    pub fn next_relay(&self) -> Relay {
        match self.next_message() {
            PageMessage::Relay(relay) => relay,
            other => panic!("{other:?}"),
        }
    }
}

impl Default for PageSocket {
    fn default() -> Self {
        Self::new()
    }
}

impl Given {
    /// Reads the head of the request, together with what was read already.
    ///
    /// # Panics
    ///
    /// When it does not come.
    #[must_use]
    pub fn head(&mut self) -> String {
        let read = std::mem::take(&mut self.read);
        let read = String::from_utf8(read).unwrap();
        match read.ends_with("\r\n\r\n") {
            true => read,
            false => read + &read_until(&mut self.connection, "\r\n\r\n"),
        }
    }

    /// Writes.
    ///
    /// # Panics
    ///
    /// When the client has gone.
    pub fn write(&mut self, text: &str) {
        self.connection.write_all(text.as_bytes()).unwrap();
    }

    /// Answers with this body, and closes the connection.
    ///
    /// # Panics
    ///
    /// When the client has gone.
    pub fn answer(mut self, body: &str) {
        self.write(&answer("HTTP/1.1", body));
        self.connection.shutdown(Shutdown::Both).unwrap();
    }
}

impl Relay {
    /// Answers with this body.
    ///
    /// # Panics
    ///
    /// When the program has gone.
    pub fn answer(mut self, body: &str) {
        self.stream.write_all(answer("HTTP/1.0", body).as_bytes()).unwrap();
    }
}

fn answer(version: &str, body: &str) -> String {
    let length = body.len();
    format!("{version} 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn read_until(stream: &mut impl Read, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        text.extend_from_slice(&byte);
    }
    String::from_utf8(text).unwrap()
}
