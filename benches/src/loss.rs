//! Requests lost over restarts, in every mode, with either supplier.

use std::time::Duration;

use listenfd_tests::loss::{self, Mode, Via};
use listenfd_tests::program;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Restarts in each mode
    #[arg(long, default_value_t = 100)]
    restarts: usize,
    /// Restarts of the peer in each mode
    #[arg(long, default_value_t = 100)]
    peer_restarts: usize,
    /// Only the modes whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

/// The modes of the tests, and clients that think for exactly as long as the grace: the inherent
/// loss of HTTP/1, a request that crosses a close.
fn modes() -> impl Iterator<Item = Mode> {
    Mode::ALL.into_iter().chain([Mode::KeepAlive(Duration::from_secs(1))])
}

pub(crate) fn run(args: &Args) {
    let servers = [
        ("axum-listenfd", "server", args.restarts),
        ("axum + listenfd", "plain-axum", args.peer_restarts),
    ];
    for (name, server, restarts) in servers {
        for via in [Via::Systemfd, Via::Shell] {
            println!("# {name}, sockets held by {via:?}");
            for mode in modes().filter(|mode| mode.to_string().contains(&args.only)) {
                println!("{}", loss::run(&program(server), via, mode, restarts));
            }
        }
    }
}
