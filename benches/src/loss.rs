//! Requests lost over restarts, in every mode, of each framework's adapter and of its own best
//! practice.

use std::time::Duration;

use listenfd_tests::loss::{Mode, measure};
use listenfd_tests::{HeldBy, RestartLoop, program};

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
    /// Only this framework: axum, hyper, warp or actix-web
    #[arg(long)]
    framework: Option<String>,
    /// With the sockets held by the harness too, not by systemfd alone
    #[arg(long)]
    shell: bool,
    /// With connections kept by systemfd --keep
    #[arg(long)]
    keep: bool,
}

/// The adapter's server and the peer's, of each framework.
const FRAMEWORKS: [(&str, &str, &str); 4] = [
    ("axum", "server", "plain-axum"),
    ("hyper", "server-hyper", "plain-hyper"),
    ("warp", "server-warp", "plain-warp"),
    ("actix-web", "server-actix-web", "plain-actix-web"),
];

/// The modes of the tests, and clients that think for exactly as long as the grace: the inherent
/// loss of HTTP/1, a request that crosses a close.
fn modes() -> impl Iterator<Item = Mode> {
    Mode::ALL.into_iter().chain([Mode::KeepAlive(Duration::from_secs(1))])
}

pub(crate) fn run(args: &Args) {
    let suppliers = match (args.keep, args.shell) {
        (true, _) => &[HeldBy::SystemfdKeep][..],
        (false, true) => &[HeldBy::Systemfd, HeldBy::Test],
        (false, false) => &[HeldBy::Systemfd],
    };
    let chosen = |name: &str| args.framework.as_deref().is_none_or(|framework| framework == name);
    for (framework, ours, peer) in FRAMEWORKS.into_iter().filter(|(name, ..)| chosen(name)) {
        for &held_by in suppliers {
            println!(
                "# {framework}, sockets held by {held_by:?}: ours, then its own best practice"
            );
            for mode in modes().filter(|mode| mode.to_string().contains(&args.only)) {
                // actix-web speaks it over TLS only.
                if framework == "actix-web" && mode == Mode::Http2 {
                    continue;
                }
                for (server, restarts) in [(ours, args.restarts), (peer, args.peer_restarts)] {
                    let mut server = RestartLoop::start(&program(server), &[], held_by);
                    println!("{}", measure(&mut server, mode, restarts));
                }
            }
        }
    }
}
