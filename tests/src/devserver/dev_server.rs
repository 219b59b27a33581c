//! A running `cargo devserver`: its events, and the answers at its socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::Child;
use crate::wait::DEADLINE;

/// For a build, its dependencies included.
const BUILD_TIMEOUT: Duration = Duration::from_secs(300);

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A running `cargo devserver`.
#[derive(Debug)]
pub struct DevServer {
    /// The process.
    pub child: Child,
    /// The address of its first socket.
    pub addr: SocketAddr,
}

impl DevServer {
    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    ///
    /// When it does not listen in time.
    #[track_caller]
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child = Child::spawn(command);
        let listening = loop {
            let event = child.json();
            if event["event"] == "listening" {
                break event;
            }
        };
        let address = listening["address"].as_str().unwrap();
        let addr = address.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        DevServer { child, addr }
    }

    /// The next event.
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    pub fn next_event(&mut self) -> Value {
        self.child.json_within(BUILD_TIMEOUT)
    }

    /// Skips the events that have come so far.
    pub fn skip_events(&mut self) {
        self.child.skip_lines();
    }

    /// Reads events until one of this kind, and returns that.
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    pub fn wait_for_event(&mut self, kind: &str) -> Value {
        let end = Instant::now() + BUILD_TIMEOUT;
        loop {
            let event = self.next_event();
            if event["event"] == kind {
                return event;
            }
            assert!(Instant::now() < end, "no {kind:?} within {BUILD_TIMEOUT:?}");
        }
    }

    /// The kinds of the events up to and including the next one of this kind. Without `blocked`, which
    /// the cargo of another test can cause at any time.
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    pub fn event_kinds_until(&mut self, kind: &str) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        while kinds.last().is_none_or(|last| last != kind) {
            kinds.push(self.next_event()["event"].as_str().unwrap().to_owned());
            kinds.retain(|kind| kind != "blocked");
        }
        kinds
    }

    /// Sends a GET on a fresh connection, and returns the status and the body.
    ///
    /// # Panics
    ///
    /// When there is no answer in time.
    #[track_caller]
    #[must_use]
    pub fn get(&self) -> (u16, String) {
        self.send_request(GET)
    }

    /// Sends a request, reads until the connection ends, and returns the status and the body.
    ///
    /// # Panics
    ///
    /// When there is no answer in time.
    #[track_caller]
    #[must_use]
    pub fn send_request(&self, request: &str) -> (u16, String) {
        self.try_request(request).unwrap()
    }

    fn try_request(&self, request: &str) -> io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.addr)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.get(9..12).and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok((status.ok_or_else(|| io::Error::other(answer.clone()))?, body.to_owned()))
    }

    /// Sends requests until this is the answer. A server that ends at SIGTERM at once, as
    /// [`STD_SERVER`](super::STD_SERVER) does, may cut some answers.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn wait_for_answer(&self, body: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let found = self.try_request(GET).map(|(_, body)| body);
            if found.as_ref().is_ok_and(|found| found == body) {
                return;
            }
            assert!(Instant::now() < end, "it answers {found:?} and not {body:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the event that a program serves, and checks that this is its answer.
    ///
    /// # Panics
    ///
    /// When there is no such event in time, or the answer is another one.
    #[track_caller]
    pub fn wait_until_serving(&mut self, body: &str) {
        self.wait_for_event("serving");
        self.assert_answer(body);
    }

    /// Checks that this is the answer now.
    ///
    /// # Panics
    ///
    /// When the answer is another one.
    #[track_caller]
    pub fn assert_answer(&self, body: &str) {
        assert_eq!(self.get(), (200, body.to_owned()));
    }

    /// Sends SIGTERM, and waits for the end.
    ///
    /// # Panics
    ///
    /// When the exit status is not 0.
    #[track_caller]
    pub fn quit(&mut self) {
        self.child.terminate();
        let status = self.child.wait();
        assert!(status.success(), "{status}: {}", self.child.stderr());
    }
}
