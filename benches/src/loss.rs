//! Requests lost by restarts, in every mode: with each framework's adapter, and with its own graceful shutdown.

use std::time::Duration;

use listenfd_tests::loss::{Mode, measure};
use listenfd_tests::{HeldBy, RestartLoop, program};

/// The choice of servers and modes.
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
    /// Also with sockets that the harness holds, not only with systemfd
    #[arg(long)]
    shell: bool,
    /// With systemfd --keep, which also keeps connections
    #[arg(long)]
    keep: bool,
}

/// For each framework, the adapter's server and the peer.
const FRAMEWORKS: [(&str, &str, &str); 4] = [
    ("axum", "server-axum", "peer-axum"),
    ("hyper", "server-hyper", "peer-hyper"),
    ("warp", "server-warp", "peer-warp"),
    ("actix-web", "server-actix-web", "peer-actix-web"),
];

/// The modes of the tests, and clients that pause for exactly the grace: they show the loss that HTTP/1 cannot
/// avoid, a request that crosses a close.
fn modes() -> impl Iterator<Item = Mode> {
    Mode::ALL.into_iter().chain([Mode::KeepAlive(Duration::from_secs(1))])
}

pub(crate) fn run(args: &Args) {
    let holders = match (args.keep, args.shell) {
        (true, _) => &[HeldBy::SystemfdKeep][..],
        (false, true) => &[HeldBy::Systemfd, HeldBy::Test],
        (false, false) => &[HeldBy::Systemfd],
    };
    let chosen = |name: &str| args.framework.as_deref().is_none_or(|framework| framework == name);
    for (framework, ours, peer) in FRAMEWORKS.into_iter().filter(|(name, ..)| chosen(name)) {
        for &held_by in holders {
            println!(
                "# {framework}, sockets held by {held_by:?}: ours, then the framework's own shutdown"
            );
            for mode in modes().filter(|mode| mode.to_string().contains(&args.only)) {
                // actix-web has HTTP/2 over TLS only.
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
