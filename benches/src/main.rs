//! Measurements, each side by side with a peer in one run. `benches/run NAME`.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

mod loss;

use clap::{Parser, Subcommand};

/// Measures this project against its peers, side by side.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Requests lost over restarts: ours, and axum with listenfd
    Loss(loss::Args),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        What::Loss(args) => loss::run(&args),
    }
    Ok(())
}
