//! The time to receive sockets: listenfd-core and the `listenfd` crate in turns, a process for each try.

use anyhow::Context;
use listenfd_tests::{Child, Supplier, program};

use crate::stats::median;

/// The last one makes the sockets non-blocking, as listenfd-core does and async runtimes need.
const RECEIVERS: [&str; 3] = ["ours", "listenfd", "listenfd-nonblocking"];

pub(crate) fn run() -> anyhow::Result<()> {
    for count in [1, 64] {
        let mut sockets = Supplier::new();
        for _ in 0..count {
            sockets.tcp(None, "127.0.0.1");
        }
        let mut times = [const { Vec::new() }; RECEIVERS.len()];
        for round in 0..400 {
            for turn in 0..RECEIVERS.len() {
                let which = (round + turn) % RECEIVERS.len();
                let mut command = sockets.command(program("receive"));
                let line = Child::spawn(command.arg(RECEIVERS[which])).line();
                let (nanoseconds, taken) = line.split_once(' ').context("no figures")?;
                anyhow::ensure!(taken == count.to_string(), "{taken} sockets taken");
                times[which].push(nanoseconds.parse::<f64>()? / 1e3);
            }
        }
        let times = times.map(median);
        for (receiver, time) in RECEIVERS.iter().zip(times) {
            let ratio = times[0] / time;
            println!("{count:2} sockets: {receiver:20} {time:6.1} µs, ours to it {ratio:.2}");
        }
    }
    Ok(())
}
