//! Servers that are restarted, by whatever starts them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::child::signal;
use crate::http::{CHUNK, CHUNKS};
use crate::{Child, DevServer, Project, Supplier, program};

/// A server that can be restarted.
pub trait Restart {
    /// Where it listens.
    fn addr(&self) -> SocketAddr;

    /// Restarts it, and waits until the new one serves.
    ///
    /// # Panics
    ///
    /// When it does not.
    fn restart(&mut self);
}

/// Who holds the sockets while the server restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Our `systemfd`, with a shell that starts the server again and again.
    Systemfd,
    /// `systemfd --keep`, with the same shell.
    Keep,
    /// The harness, with the same shell.
    Shell,
}

/// A server that a shell starts again whenever it ends.
#[derive(Debug)]
pub struct Loop {
    shell: Child,
    /// Of the server that runs.
    pid: u32,
    addr: SocketAddr,
    _sockets: Supplier,
}

impl Loop {
    /// Starts it. `server` is a program that takes fd 3 and prints a line of JSON with its `pid` when
    /// it is ready.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(server: &Path, arguments: &[&str], via: Via) -> Self {
        const AGAIN_AND_AGAIN: &str = "while :; do \"$0\" \"$@\"; done";
        let mut sockets = Supplier::new();
        let mut command = match via {
            Via::Shell => {
                sockets.tcp(None, "127.0.0.1");
                sockets.command("sh")
            }
            Via::Systemfd | Via::Keep => {
                let mut command = Command::new(program("supplier"));
                command.arg(if via == Via::Keep { "--keep" } else { "--no-pid" });
                command.args(["-q", "-s", "http::0", "--", "sh"]);
                command
            }
        };
        let mut shell =
            Child::spawn(command.args(["-c", AGAIN_AND_AGAIN]).arg(server).args(arguments));
        let ready = shell.json();
        let addr = ready["addrs"][0].as_str().unwrap().parse().unwrap();
        Loop { pid: pid(&ready), shell, addr, _sockets: sockets }
    }

    /// Restarts it again and again while the program that `load` makes for its address runs, at least
    /// `restarts` times; returns what that printed.
    ///
    /// # Panics
    ///
    /// When the load fails or ends before so many restarts.
    #[must_use]
    pub fn restart_under(
        mut self,
        restarts: usize,
        load: impl FnOnce(SocketAddr) -> Command,
    ) -> String {
        const PACE: std::time::Duration = std::time::Duration::from_millis(150);
        let mut load = load(self.addr);
        let load = load.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut load = load.unwrap();
        let mut done = 0;
        while load.try_wait().unwrap().is_none() {
            std::thread::sleep(PACE);
            self.restart();
            done += 1;
        }
        let output = load.wait_with_output().unwrap();
        assert!(done >= restarts, "only {done} restarts until the load's end: {output:?}");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The process id of the server that runs.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The process id of what holds the sockets, if that is not the harness, and of the shell then.
    #[must_use]
    pub fn supplier_pid(&self) -> u32 {
        self.shell.pid()
    }
}

impl Restart for Loop {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn restart(&mut self) {
        signal(self.pid, Signal::TERM);
        self.pid = pid(&self.shell.json());
    }
}

fn pid(ready: &serde_json::Value) -> u32 {
    ready["pid"].as_u64().unwrap().try_into().unwrap()
}

/// A program under `cargo devserver`, restarted by a change of a file that it reads.
#[derive(Debug)]
pub struct Restarted {
    project: Project,
    /// The `cargo devserver`.
    pub server: DevServer,
    changes: u32,
}

impl Restarted {
    /// Starts it, in a project of this name, see [`Project::axum`]. It answers at `/`, `/slow` and
    /// `/streamed`.
    ///
    /// # Panics
    ///
    /// When it does not serve.
    #[must_use]
    pub fn start(name: &str) -> Self {
        const APP: &str = r#"
            use axum::{Router, body::Body, routing::get};
            use std::{convert::Infallible, time::Duration};

            #[tokio::main]
            async fn main() -> std::io::Result<()> {
                let slow = || async {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    "slow"
                };
                let app = Router::new().route("/", get(|| async { "hello" }));
                let app = app.route("/slow", get(slow)).route("/streamed", get(streamed));
                axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
            }

            async fn streamed() -> Body {
                Body::from_stream(futures_util::stream::unfold(0, |sent| async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    (sent < CHUNKS).then_some((Ok::<_, Infallible>("CHUNK"), sent + 1))
                }))
            }
        "#;
        let app = APP.replace("CHUNKS", &CHUNKS.to_string()).replace("CHUNK", CHUNK);
        let project = Project::axum(name, &app);
        let server = project.axum_devserver(&["--restart", "*.html"]);
        Restarted { project, server, changes: 0 }
    }
}

impl Restart for Restarted {
    fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    fn restart(&mut self) {
        self.changes += 1;
        self.project.write("page.html", &self.changes.to_string());
        self.server.event("serving");
    }
}
