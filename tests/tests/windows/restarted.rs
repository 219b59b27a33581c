//! A program under a supplier, and `again` between them.

use std::net::SocketAddr;
use std::process::Command;

use listenfd_tests::{Child, Restart, Wine, windows_program};

/// A program that the test stops and starts again, on one listener of a supplier for Windows.
pub(crate) struct Restarted {
    supplier: Child,
    addr: SocketAddr,
}

impl Restarted {
    /// Starts the supplier and the program, and waits until the program serves.
    #[track_caller]
    pub(crate) fn start(wine: &Wine, supplier: &str, program: &[&str]) -> Self {
        let mut command = wine.command(windows_program(supplier));
        command.args(["-s", "http::127.0.0.1:0", "--"]).arg(windows_program("again"));
        Restarted::start_command(command.arg(windows_program(program[0])).args(&program[1..]))
    }

    #[track_caller]
    fn start_command(command: &mut Command) -> Self {
        let mut supplier = Child::spawn_reading(command);
        let ready = supplier.json();
        let addr = ready["addrs"][0].as_str().unwrap().parse().unwrap();
        Restarted { supplier, addr }
    }

    /// Asks the program to stop, and waits for its end.
    #[track_caller]
    pub(crate) fn stop_program(&mut self) {
        self.supplier.send_line("stop");
        assert_eq!(self.supplier.json()["ended"], 0);
    }

    /// Ends the program at once.
    #[track_caller]
    pub(crate) fn kill_program(&mut self) {
        self.supplier.send_line("kill");
        assert!(self.supplier.json().get("ended").is_some());
    }

    /// Starts the program again, and waits until it serves.
    #[track_caller]
    pub(crate) fn start_program(&mut self) {
        self.supplier.send_line("start");
        assert_eq!(self.supplier.json()["addrs"][0], self.addr.to_string());
    }
}

impl Restart for Restarted {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn restart(&mut self) {
        self.stop_program();
        self.start_program();
    }
}
