//! Receiving sockets: ours, and the `listenfd` crate, in turns, a process each.

use anyhow::Context;
use listenfd_tests::{Child, Supplier, program};

use crate::stats::median;

pub(crate) fn run() -> anyhow::Result<()> {
    for count in [1, 64] {
        let mut sockets = Supplier::new();
        for _ in 0..count {
            sockets.tcp(None, "127.0.0.1");
        }
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..400 {
            for which in [round % 2, (round + 1) % 2] {
                let mut command = sockets.command(program("receive"));
                let line = Child::spawn(command.arg(["ours", "listenfd"][which])).line();
                let (nanoseconds, taken) = line.split_once(' ').context("no figures")?;
                anyhow::ensure!(taken == count.to_string(), "{taken} sockets taken");
                times[which].push(nanoseconds.parse::<f64>()? / 1e3);
            }
        }
        let [ours, theirs] = times.map(median);
        println!(
            "{count:2} sockets: ours {ours:6.1} µs, listenfd {theirs:6.1} µs, ratio {:.2}",
            ours / theirs
        );
    }
    Ok(())
}
