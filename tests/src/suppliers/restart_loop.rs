//! A server that a shell starts again whenever it ends, on sockets of `systemfd` or of the test.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::supplier::Supplier;
use crate::process::{Child, program, signal};
use crate::restart::Restart;

/// The holder of the sockets while the server restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// `systemfd`.
    Systemfd,
    /// `systemfd --keep`, which also keeps connections.
    SystemfdKeep,
    /// The test.
    Test,
}

/// A server that a shell starts again whenever it ends.
#[derive(Debug)]
pub struct RestartLoop {
    shell: Child,
    /// Of the running server.
    pid: u32,
    addr: SocketAddr,
    _sockets: Supplier,
}

impl RestartLoop {
    /// Starts `server`, a program that takes fd 3 and prints a line of JSON with its `pid` and `addrs`
    /// when it is ready.
    ///
    /// # Panics
    ///
    /// When it does not start in time.
    #[must_use]
    pub fn start(server: &Path, arguments: &[&str], held_by: HeldBy) -> Self {
        const FOR_EVER: &str = "while :; do \"$0\" \"$@\"; done";
        let mut sockets = Supplier::new();
        let mut command = match held_by {
            HeldBy::Test => {
                sockets.tcp(None, "127.0.0.1");
                sockets.command("sh")
            }
            HeldBy::Systemfd | HeldBy::SystemfdKeep => {
                let mut command = Command::new(program("supplier"));
                let is_keep = held_by == HeldBy::SystemfdKeep;
                command.arg(if is_keep { "--keep" } else { "--no-pid" });
                command.args(["-q", "-s", "http::0", "--", "sh"]);
                command
            }
        };
        let mut shell = Child::spawn(command.args(["-c", FOR_EVER]).arg(server).args(arguments));
        let ready = shell.json();
        let addr = ready["addrs"][0].as_str().unwrap().parse().unwrap();
        RestartLoop { pid: pid(&ready), shell, addr, _sockets: sockets }
    }

    /// Starts the load generator that `load` returns, restarts the server until it ends, and returns its
    /// output.
    ///
    /// # Panics
    ///
    /// When the load generator fails, or ends before `restarts` restarts.
    #[must_use]
    pub fn restart_under(
        mut self,
        restarts: usize,
        load: impl FnOnce(SocketAddr) -> Command,
    ) -> String {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(150);
        let mut load = load(self.addr);
        let load = load.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut load = load.unwrap();
        let mut done = 0;
        while load.try_wait().unwrap().is_none() {
            std::thread::sleep(PAUSE);
            self.restart();
            done += 1;
        }
        let output = load.wait_with_output().unwrap();
        assert!(done >= restarts, "only {done} restarts until the load's end: {output:?}");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The process id of the running server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The process id of `systemfd`, or of the shell where the test holds the sockets.
    #[must_use]
    pub fn supplier_pid(&self) -> u32 {
        self.shell.pid()
    }
}

impl Restart for RestartLoop {
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
