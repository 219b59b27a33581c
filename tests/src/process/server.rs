//! The test server as a child on sockets of the test.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::{Command, ExitStatus};

use super::child::Child;
use super::program::program;
use crate::suppliers::{ServiceManager, Supplier};

/// The binaries that serve [`app`](listenfd_test_app), one for each framework.
pub const FRAMEWORKS: [&str; 4] =
    ["server-axum", "server-hyper", "server-warp", "server-actix-web"];

/// The first arguments of each server: all timeouts take an hour. So a test passes only if its server does
/// not wait at all, or obeys the option that the test sets.
pub const HOUR_TIMEOUTS: [&str; 3] =
    ["drain_timeout=3600000", "header_read_timeout=3600000", "keep_alive_grace=3600000"];

/// A test server that is ready.
#[derive(Debug)]
pub struct Server {
    /// The process.
    pub child: Child,
    /// Its addresses, by its own report.
    pub addrs: Vec<String>,
}

impl Server {
    /// Starts the axum server on handed sockets.
    ///
    /// # Panics
    ///
    /// When it is not ready in time.
    #[track_caller]
    #[must_use]
    pub fn start(sockets: &Supplier, arguments: &[&str]) -> Self {
        Server::start_command(
            sockets.command(program("server-axum")).args(HOUR_TIMEOUTS).args(arguments),
        )
    }

    /// Starts the server of any framework under a service manager.
    ///
    /// # Panics
    ///
    /// When it is not ready in time.
    #[track_caller]
    #[must_use]
    pub fn start_managed(
        framework: &str,
        sockets: &Supplier,
        manager: &ServiceManager,
        arguments: &[&str],
    ) -> Self {
        let mut command = sockets.command(program(framework));
        command.args(HOUR_TIMEOUTS).args(arguments);
        let server = Server::start_command(command.env("NOTIFY_SOCKET", manager.path()));
        assert_eq!(manager.next_message(), "READY=1\n");
        server
    }

    /// Starts the server of any framework with this `NOTIFY_SOCKET`, whose owner may be busy.
    ///
    /// # Panics
    ///
    /// When it is not ready in time.
    #[track_caller]
    #[must_use]
    pub fn start_with_notify_socket(
        framework: &str,
        sockets: &Supplier,
        notify_socket: impl AsRef<OsStr>,
        arguments: &[&str],
    ) -> Self {
        let mut command = sockets.command(program(framework));
        command.env("NOTIFY_SOCKET", notify_socket).env("WATCHDOG_USEC", "20000");
        Server::start_command(command.args(arguments))
    }

    /// Sends SIGTERM, and waits for `STOPPING=1`: then the server drains.
    ///
    /// # Panics
    ///
    /// When another message arrives, or none in time.
    #[track_caller]
    pub fn begin_shutdown(&self, manager: &ServiceManager) {
        self.child.terminate();
        assert_eq!(manager.next_message(), "STOPPING=1\n");
    }

    /// Starts the axum server without sockets, so that it binds.
    ///
    /// # Panics
    ///
    /// When it is not ready in time.
    #[track_caller]
    #[must_use]
    pub fn start_binding(arguments: &[&str]) -> Self {
        Server::start_command(
            Command::new(program("server-axum")).args(HOUR_TIMEOUTS).args(arguments),
        )
    }

    /// Starts a command that becomes a test server.
    ///
    /// # Panics
    ///
    /// When it is not ready in time.
    #[track_caller]
    #[must_use]
    pub fn start_command(command: &mut Command) -> Self {
        let mut child = Child::spawn(command);
        let ready = child.json();
        let addrs = ready["addrs"].as_array().unwrap().iter();
        Server { addrs: addrs.map(|addr| addr.as_str().unwrap().to_owned()).collect(), child }
    }

    /// The first address.
    ///
    /// # Panics
    ///
    /// When it is not a TCP address.
    #[track_caller]
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addrs[0].parse().unwrap()
    }

    /// Waits for the end, and returns the log.
    ///
    /// # Panics
    ///
    /// After the deadline, or when the exit status is not 0.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> String {
        let status = self.child.wait();
        let log = self.child.stderr();
        assert!(status.success(), "{status}: {log}");
        log
    }

    /// Sends SIGTERM, and waits for the end.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.child.terminate();
        self.child.wait()
    }
}
