//! The sockets and variables that `systemfd` hands over, and its errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod errors;
mod sockets;

use std::fs;
use std::process::Command;

use listenfd_tests::{Child, program};
use serde_json::Value;

/// `systemfd -q ARGUMENTS -- probe ACTIONS`
fn supplied(arguments: &[&str], actions: &[&str]) -> Command {
    let mut command = Command::new(program("supplier"));
    command.arg("-q").args(arguments).arg("--").arg(program("probe")).args(actions);
    command
}

#[track_caller]
fn one(command: &mut Command) -> Value {
    Child::spawn(command).json()
}

fn socket_at(fd: u32) -> impl Fn(&Value) -> bool {
    move |descriptors| {
        let lines = descriptors.as_array().unwrap().iter();
        lines
            .map(|line| line.as_str().unwrap())
            .any(|line| line.starts_with(&format!("{fd} socket")))
    }
}

/// Waits until a process listens, and returns the port.
fn listening_port(pid: u32) -> u16 {
    let deadline = std::time::Instant::now() + listenfd_tests::DEADLINE;
    while std::time::Instant::now() < deadline {
        let Ok(link) = fs::read_link(format!("/proc/{pid}/fd/3")) else { continue };
        let link = link.to_string_lossy().into_owned();
        let Some(inode) = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'))
        else {
            continue;
        };
        let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
        let line = table
            .lines()
            .find(|line| line.contains(&format!(" {inode} ")) && line.contains(" 0A "));
        let Some(line) = line else { continue };
        let port = line.split_whitespace().nth(1).unwrap().rsplit_once(':').unwrap().1;
        return u16::from_str_radix(port, 16).unwrap();
    }
    panic!("process {pid} does not listen");
}
