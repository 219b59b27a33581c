//! What a program does for the pages of `cargo devserver`, whose part the test plays.
//!
//! All timeouts of the servers take an hour, unless a test sets them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod given;
mod lost;
mod relayed;
mod restarts;

use listenfd_tests::{HOUR_TIMEOUTS, PageSocket, Server, Supplier, program};

/// The servers that can give connections away.
const GIVING: [&str; 3] = ["server-axum", "server-hyper", "server-warp"];

/// Starts the server of any framework, with pages.
#[track_caller]
fn start(framework: &str, sockets: &Supplier, pages: &PageSocket, options: &[&str]) -> Server {
    let mut command = sockets.command(program(framework));
    let (variable, value) = pages.variable();
    Server::start_command(command.args(HOUR_TIMEOUTS).args(options).env(variable, value))
}
