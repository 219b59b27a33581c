//! The test server as a child, with sockets from the test.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::{Command, ExitStatus};

use crate::{Child, Manager, Supplier, program};

/// The programs that serve [`app`](crate::app), one of each framework.
pub const FRAMEWORKS: [&str; 4] = ["server", "server-hyper", "server-warp", "server-actix-web"];

/// The arguments that come before those of a test: whatever could be waited for takes an hour. So a
/// test that does not wait cannot owe that to a default, and one that sets an option cannot owe
/// anything to the default of that.
pub const AN_HOUR: [&str; 3] =
    ["drain_timeout=3600000", "header_read_timeout=3600000", "keep_alive_grace=3600000"];

/// A `server` on handed sockets, ready.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub child: Child,
    /// Where it listens, as it reports.
    pub addrs: Vec<String>,
}

impl Server {
    /// Starts it on the sockets.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[track_caller]
    #[must_use]
    pub fn start(sockets: &Supplier, arguments: &[&str]) -> Self {
        Server::run(sockets.command(program("server")).args(AN_HOUR).args(arguments))
    }

    /// Starts it in any framework, with a manager that it notifies.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[track_caller]
    #[must_use]
    pub fn managed(
        framework: &str,
        sockets: &Supplier,
        manager: &Manager,
        arguments: &[&str],
    ) -> Self {
        let mut command = sockets.command(program(framework));
        command.args(AN_HOUR).args(arguments);
        let server = Server::run(command.env("NOTIFY_SOCKET", manager.path()));
        assert_eq!(manager.told(), "READY=1\n");
        server
    }

    /// Starts it in any framework, with a manager that may be busy.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[track_caller]
    #[must_use]
    pub fn unheard(
        framework: &str,
        sockets: &Supplier,
        notify_socket: impl AsRef<OsStr>,
        arguments: &[&str],
    ) -> Self {
        let mut command = sockets.command(program(framework));
        command.env("NOTIFY_SOCKET", notify_socket).env("WATCHDOG_USEC", "20000");
        Server::run(command.args(arguments))
    }

    /// Asks it to end, and waits until it says that it does: by then it drains.
    ///
    /// # Panics
    ///
    /// When it does not say so.
    #[track_caller]
    pub fn begin_shutdown(&self, manager: &Manager) {
        self.child.terminate();
        assert_eq!(manager.told(), "STOPPING=1\n");
    }

    /// Starts it without sockets, so that it binds.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[track_caller]
    #[must_use]
    pub fn bound(arguments: &[&str]) -> Self {
        Server::run(Command::new(program("server")).args(AN_HOUR).args(arguments))
    }

    /// Starts a command that becomes a server, with the options that it has.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[track_caller]
    #[must_use]
    pub fn run(command: &mut Command) -> Self {
        let mut child = Child::spawn(command);
        let ready = child.json();
        let addrs = ready["addrs"].as_array().unwrap().iter();
        Server { addrs: addrs.map(|addr| addr.as_str().unwrap().to_owned()).collect(), child }
    }

    /// Its first address.
    ///
    /// # Panics
    ///
    /// When that is not TCP.
    #[track_caller]
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addrs[0].parse().unwrap()
    }

    /// Waits for its end, which must be a success, and returns what it logged.
    ///
    /// # Panics
    ///
    /// When it does not end, or fails.
    #[track_caller]
    pub fn ended(&mut self) -> String {
        let status = self.child.wait();
        let log = self.child.stderr();
        assert!(status.success(), "{status}: {log}");
        log
    }

    /// Asks it to end, and waits.
    ///
    /// # Panics
    ///
    /// When it does not end.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.child.terminate();
        self.child.wait()
    }
}
