//! Clients that do random things on their connections during many restarts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::ensure;
use listenfd_tests::{HeldBy, RestartLoop, chaos, open_fds, own_memory, program};

/// The size of the run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Clients, with a connection each
    #[arg(long, default_value_t = 5000)]
    clients: usize,
    /// Restarts
    #[arg(long, default_value_t = 50)]
    restarts: usize,
    /// The pause before each restart, in milliseconds
    #[arg(long, default_value_t = 1000)]
    pause: u64,
    /// The seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    listenfd_tests::raise_fd_limit();
    let mut server = RestartLoop::start(&program("server-axum"), &[], HeldBy::SystemfdKeep);
    let pause = Duration::from_millis(args.pause);
    let tally = chaos::run(&mut server, args.clients, args.restarts, pause, args.seed);
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{} clients, {} restarts: {} right answers; {} connections became WebSockets, {} were reset by \
         their client, {} were closed after an answer with Connection: close, {} between two requests",
        args.clients,
        args.restarts,
        count(&tally.answered),
        count(&tally.upgraded),
        count(&tally.reset),
        count(&tally.ended),
        count(&tally.closed)
    );
    println!(
        "the last server: {} KiB, {} descriptors; systemfd: {} descriptors",
        own_memory(server.pid()),
        open_fds(server.pid()),
        open_fds(server.supplier_pid())
    );
    let wrong = tally.wrong.lock().map_or(Vec::new(), |wrong| wrong.clone());
    wrong.iter().take(20).for_each(|wrong| println!("{wrong}"));
    ensure!(wrong.is_empty(), "{} requests went wrong", wrong.len());
    Ok(())
}
