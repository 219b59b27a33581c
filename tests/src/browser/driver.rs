//! chromedriver: the process, and its protocol.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

use bytes::BytesMut;
use serde_json::{Value, json};

use crate::client::{Framing, take_head};
use crate::process::Child;
use crate::wait::DEADLINE;

/// How often chromedriver may choose a port that is not free.
const ATTEMPTS: usize = 10;

/// A session of chromedriver, which is one browser.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts chromedriver on a port that it chooses, and a browser with its files in this folder.
    #[track_caller]
    pub(crate) fn start(folder: &Path) -> Self {
        let (child, port) = (0..ATTEMPTS).find_map(|_| start_process(folder)).unwrap();
        let mut driver = Driver { child, port, session: String::new() };
        let session = driver.send("POST", "/session", &capabilities()).unwrap();
        driver.session = session["sessionId"].as_str().unwrap().to_owned();
        driver
    }

    /// A command of the session.
    ///
    /// # Errors
    ///
    /// The error of the protocol, such as `no such element`, and its message.
    pub(crate) fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.send(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let (status, body) = self.exchange(method, path, body).unwrap_or_else(|err| {
            panic!("chromedriver does not answer to {method} {path}: {err}");
        });
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        let value = answer["value"].take();
        if status == 200 {
            return Ok(value);
        }
        Err(format!("{}: {}", value["error"].as_str().unwrap(), value["message"]))
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<(u16, BytesMut)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let (mut received, mut chunk) = (BytesMut::new(), [0; 16 * 1024]);
        let mut head = None;
        loop {
            if head.is_none() {
                head = take_head(&mut received)?;
            }
            if let Some((answer, Framing::Length(length))) = &head
                && received.len() >= *length
            {
                received.truncate(*length);
                return Ok((answer.status, received));
            }
            match stream.read(&mut chunk)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => received.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// The process id of chromedriver, which is also its process group, with all of the browser in it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser's own end leaves nothing behind. A panic here would hide the failure of the test.
        let path = format!("/session/{}", self.session);
        let _ = self.exchange("DELETE", &path, &Value::Null);
    }
}

/// Starts chromedriver, and returns its port. `None` if that port was free for one family of addresses only:
/// it binds both.
#[track_caller]
fn start_process(folder: &Path) -> Option<(Child, u16)> {
    let mut command = Command::new("chromedriver");
    // Profiles, crash reports and caches: all of it goes when the folder goes.
    for variable in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        command.env(variable, folder);
    }
    let mut child = Child::spawn(command.arg("--port=0"));
    while let Some(line) = child.line_or_end() {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Some((child, port.trim_end_matches('.').parse().unwrap()));
        }
    }
    let fault = child.stderr();
    assert!(fault.contains("Address already in use"), "chromedriver does not start: {fault}");
    None
}

fn capabilities() -> Value {
    let mut arguments = vec![
        "--headless=new",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-crash-reporter",
        "--force-color-profile=srgb",
        "--no-first-run",
        "--no-proxy-server",
        "--window-size=1200,800",
    ];
    if rustix::process::geteuid().is_root() {
        // Chromium's sandbox does not work as root.
        arguments.push("--no-sandbox");
    }
    let logs = json!({"browser": "ALL"});
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": logs,
        // A test answers to each prompt itself. Those of `beforeunload` come with BiDi only.
        "unhandledPromptBehavior": {"default": "ignore", "beforeUnload": "ignore"},
        "webSocketUrl": true,
        "timeouts": {"pageLoad": 60_000, "script": 60_000},
    }}})
}
