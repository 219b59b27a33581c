//! Measurements, each side by side with a peer in one run. `benches/run NAME`.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

mod chaos;
mod edit;
mod idle;
mod loss;
mod memory;
mod plot;
mod receive;
mod shutdown;
mod start;
mod stats;
mod survive;
mod throughput;

use clap::{Parser, Subcommand};

/// Measures this project against its peers, side by side.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Random clients over restarts: whether every answer is right
    Chaos(chaos::Args),
    /// From a save to the first answer of the new code: cargo devserver, and its peers
    Edit(edit::Args),
    /// Requests lost over restarts: of each framework, and by its own best practice
    Loss(loss::Args),
    /// A restart with idle connections that survive it: how long it takes, and what it leaves
    Idle(idle::Args),
    /// Memory of an idle connection: ours, and axum::serve
    Memory(memory::Args),
    /// Receiving 1 and 64 sockets: ours, and the listenfd crate
    Receive,
    /// From the signal to the end of the process
    Shutdown,
    /// From the start of systemfd to that of its program: ours, and systemfd 0.4.6
    Start(start::Args),
    /// Connections that survive restarts: whoever keeps them, and servers without that
    Survive(survive::Args),
    /// Requests a second: of each framework, and on its own server
    Throughput(throughput::Args),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        What::Chaos(args) => chaos::run(&args),
        What::Edit(args) => edit::run(&args),
        What::Loss(args) => {
            loss::run(&args);
            Ok(())
        }
        What::Idle(args) => idle::run(&args),
        What::Memory(args) => memory::run(&args),
        What::Receive => receive::run(),
        What::Shutdown => shutdown::run(),
        What::Start(args) => start::run(&args),
        What::Survive(args) => survive::run(&args),
        What::Throughput(args) => throughput::run(&args),
    }
}
