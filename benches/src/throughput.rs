//! Requests per second: each framework's example and the same app on the framework's own server, in turns; and
//! axum with TLS beside axum-server.

use std::process::Command;

use anyhow::{Context, bail};
use listenfd_tests::{Certificate, Child, Folder, Supplier, has, program};

use crate::stats::median;

/// The size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Starts of the servers, with two turns for each start
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Seconds of a turn
    #[arg(long, default_value_t = 1)]
    seconds: u32,
    /// Only the pairs whose name contains this: axum, hyper, warp, actix-web or tls
    #[arg(long, default_value = "")]
    only: String,
}

/// Two servers that are measured in turns, with their arguments; ours first.
struct Pair<'a> {
    name: &'a str,
    programs: [(&'a str, &'a [&'a str]); 2],
}

impl Pair<'_> {
    fn measure(&self, args: &Args) -> anyhow::Result<()> {
        for (load, header) in
            [("keep-alive", "X-Load: 1"), ("fresh connections", "Connection: close")]
        {
            let mut rates = [Vec::new(), Vec::new()];
            let mut ratios = Vec::new();
            for round in 0..args.rounds {
                let turn = self.turn(round % 2, header, args.seconds)?;
                rates[0].push(turn[0]);
                rates[1].push(turn[1]);
                ratios.push(turn[0] / turn[1]);
            }
            let [ours, theirs] = rates.map(median);
            println!(
                "{:10} {load:18} ours {ours:8.0}/s, its own {theirs:8.0}/s, ratio of medians \
                 {:.3}, median of ratios {:.3}",
                self.name,
                ours / theirs,
                median(ratios),
            );
        }
        Ok(())
    }

    /// Starts both servers and measures each. A restart between turns averages out the place of a process in
    /// memory and on the cores, which changes its speed by some percent. The order changes, too.
    fn turn(&self, first: usize, header: &str, seconds: u32) -> anyhow::Result<[f64; 2]> {
        let scheme = if self.name == "tls" { "https" } else { "http" };
        let servers = self.programs.map(|(name, arguments)| {
            let mut sockets = Supplier::new();
            let addr = sockets.tcp(None, "127.0.0.1");
            let child = Child::spawn(sockets.command(program(name)).args(arguments));
            (format!("{scheme}://{addr}/"), child, sockets)
        });
        for (url, ..) in &servers {
            // A warm-up.
            requests_per_second(url, header, 1)?;
        }
        let mut turn = [0.0; 2];
        for which in [first, 1 - first, 1 - first, first] {
            turn[which] += requests_per_second(&servers[which].0, header, seconds)? / 2.0;
        }
        Ok(turn)
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if !has("wrk") {
        bail!("this measurement needs wrk; install it (apt-get install wrk)");
    }
    let folder = Folder::new();
    let (cert, key) = (folder.path("cert.pem"), folder.path("key.pem"));
    Certificate::new().write(&cert, &key);
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let tls = [format!("cert={cert}"), format!("key={key}")];
    let (ours, theirs) = ([&*tls[0], &tls[1]], [&*cert, &key]);
    for (name, programs) in [
        ("axum", [("hello-axum", &[][..]), ("peer-hello-axum", &[])]),
        ("hyper", [("hello-hyper", &[]), ("peer-hello-hyper", &[])]),
        ("warp", [("hello-warp", &[]), ("peer-hello-warp", &[])]),
        ("actix-web", [("hello-actix-web", &[]), ("peer-hello-actix-web", &[])]),
        ("tls", [("server-axum", &ours), ("peer-tls", &theirs)]),
    ] {
        if name.contains(&args.only) {
            Pair { name, programs }.measure(args)?;
        }
    }
    Ok(())
}

fn requests_per_second(url: &str, header: &str, seconds: u32) -> anyhow::Result<f64> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c64", &format!("-d{seconds}"), "-H", header, url]);
    let output = String::from_utf8(wrk.output().context("cannot run wrk")?.stdout)?;
    let rate = output.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok(rate.with_context(|| format!("wrk says {output}"))?.trim().parse()?)
}
