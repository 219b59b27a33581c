//! `systemfd --keep` is transparent: signals, exit statuses and messages pass through it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod messages;
mod resources;
mod signals;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use listenfd_tests::{Child, program};

fn systemfd(command: &[&str]) -> Command {
    let mut systemfd = Command::new(program("supplier"));
    systemfd.args(["--keep", "-q", "-s", "http::0", "--"]).args(command);
    systemfd
}

fn ended(command: &[&str]) -> ExitStatus {
    Child::spawn(&mut systemfd(command)).wait()
}

#[test]
fn the_exit_status_is_that_of_the_command() {
    assert_eq!(ended(&["sh", "-c", "exit 7"]).code(), Some(7));
    assert_eq!(ended(&["sh", "-c", "kill -KILL $$"]).signal(), Some(9));
    assert_eq!(ended(&["sh", "-c", "kill -TERM $$"]).signal(), Some(15));
    assert_eq!(ended(&["true"]).code(), Some(0));
    assert_eq!(ended(&["/no/such/program"]).code(), Some(127));
    assert_eq!(ended(&["/"]).code(), Some(126));
}
