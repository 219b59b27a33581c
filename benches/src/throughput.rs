//! Requests a second of `hello-axum` and of the same app on `axum::serve`, in turns.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, bail};
use listenfd_tests::{Child, Supplier, has, program};

use crate::stats::median;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Turns of each
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Seconds a turn
    #[arg(long, default_value_t = 2)]
    seconds: u32,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if !has("wrk") {
        bail!("this measurement needs wrk; install it (apt-get install wrk)");
    }
    let servers = ["hello-axum", "plain-hello"].map(|name| {
        let mut sockets = Supplier::new();
        let addr = sockets.tcp(None, "127.0.0.1");
        let child = Child::spawn(&mut sockets.command(program(name)));
        (addr, child, sockets)
    });
    for (load, header) in [("keep-alive", "X-Load: 1"), ("fresh connections", "Connection: close")]
    {
        let mut rates = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for round in 0..=args.rounds {
            let mut turn = [0.0; 2];
            // Who goes first changes, so that neither always follows the other.
            for which in [round % 2, (round + 1) % 2] {
                turn[which] = requests_per_second(servers[which].0, header, args.seconds)?;
            }
            // The first round warms up.
            if round > 0 {
                rates[0].push(turn[0]);
                rates[1].push(turn[1]);
                ratios.push(turn[0] / turn[1]);
            }
        }
        let [ours, theirs] = rates.map(median);
        println!(
            "{load:18} hello-axum {ours:8.0}/s, axum::serve {theirs:8.0}/s, ratio of medians {:.3}, \
             median of ratios {:.3}",
            ours / theirs,
            median(ratios),
        );
    }
    Ok(())
}

fn requests_per_second(addr: SocketAddr, header: &str, seconds: u32) -> anyhow::Result<f64> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c64", &format!("-d{seconds}"), "-H", header, &format!("http://{addr}/")]);
    let output = String::from_utf8(wrk.output().context("cannot run wrk")?.stdout)?;
    let rate = output.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok(rate.with_context(|| format!("wrk says {output}"))?.trim().parse()?)
}
