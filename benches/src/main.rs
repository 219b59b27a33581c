//! Measurements, each beside a peer in the same run: `benches/run NAME`.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

mod around;
mod chaos;
mod edit;
mod fixture;
mod idle;
mod loss;
mod memory;
mod painted;
mod plot;
mod receive;
mod shutdown;
mod start;
mod stats;
mod survive;
mod throughput;

use clap::{Parser, Subcommand};

/// Measures this project and its peers in the same run
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// Everything around the build of a save: what cargo devserver itself takes
    Around(around::Args),
    /// Clients that do random things during restarts: whether every answer is right
    Chaos(chaos::Args),
    /// The time from a save to the first answer of the new code: cargo devserver and its peers
    Edit(edit::Args),
    /// Requests lost by restarts: with our adapters, and with each framework's own graceful shutdown
    Loss(loss::Args),
    /// The time of a restart with idle connections that survive it, and memory and descriptors afterwards
    Idle(idle::Args),
    /// The memory of an idle connection and the first request after it: each framework here and on its own
    Memory(memory::Args),
    /// The time from a save until an open page shows the new text: cargo devserver and topcoat dev
    Painted(painted::Args),
    /// The time to receive 1 and 64 sockets: listenfd-core and the listenfd crate
    Receive,
    /// The time from the signal to the end of the process
    Shutdown,
    /// The time from the start of systemfd to the start of its program: ours and systemfd 0.4.6
    Start(start::Args),
    /// Connections closed by restarts: with each keeper, and with servers without one
    Survive(survive::Args),
    /// Requests per second: each framework on our server and on its own
    Throughput(throughput::Args),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().measurement {
        Measurement::Around(args) => around::run(&args),
        Measurement::Chaos(args) => chaos::run(&args),
        Measurement::Edit(args) => edit::run(&args),
        Measurement::Loss(args) => {
            loss::run(&args);
            Ok(())
        }
        Measurement::Idle(args) => idle::run(&args),
        Measurement::Memory(args) => memory::run(&args),
        Measurement::Painted(args) => painted::run(&args),
        Measurement::Receive => receive::run(),
        Measurement::Shutdown => shutdown::run(),
        Measurement::Start(args) => start::run(&args),
        Measurement::Survive(args) => survive::run(&args),
        Measurement::Throughput(args) => throughput::run(&args),
    }
}
