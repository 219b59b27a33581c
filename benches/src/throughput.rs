//! Requests a second of each framework's example and of the same app on the framework's own server,
//! in turns; and of axum with TLS beside axum-server.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, bail};
use listenfd_tests::{Certificate, Child, Folder, Supplier, has, program};

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
    /// Only the pairs whose name contains this: axum, hyper, warp, actix-web or tls
    #[arg(long, default_value = "")]
    only: String,
}

/// The two servers that are measured in turns.
struct Pair {
    name: &'static str,
    scheme: &'static str,
    servers: [(SocketAddr, Child, Supplier); 2],
}

impl Pair {
    fn start(name: &'static str, programs: [(&str, &[&str]); 2]) -> Self {
        let servers = programs.map(|(name, arguments)| {
            let mut sockets = Supplier::new();
            let addr = sockets.tcp(None, "127.0.0.1");
            let child = Child::spawn(sockets.command(program(name)).args(arguments));
            (addr, child, sockets)
        });
        Pair { name, scheme: if name == "tls" { "https" } else { "http" }, servers }
    }

    fn measure(&self, args: &Args) -> anyhow::Result<()> {
        for (load, header) in
            [("keep-alive", "X-Load: 1"), ("fresh connections", "Connection: close")]
        {
            let mut rates = [Vec::new(), Vec::new()];
            let mut ratios = Vec::new();
            for round in 0..=args.rounds {
                let mut turn = [0.0; 2];
                // Who goes first changes, so that neither always follows the other.
                for which in [round % 2, (round + 1) % 2] {
                    let url = format!("{}://{}/", self.scheme, self.servers[which].0);
                    turn[which] = requests_per_second(&url, header, args.seconds)?;
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
                "{:10} {load:18} ours {ours:8.0}/s, its own {theirs:8.0}/s, ratio of medians \
                 {:.3}, median of ratios {:.3}",
                self.name,
                ours / theirs,
                median(ratios),
            );
        }
        Ok(())
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
    let pairs: [(_, [(_, &[&str]); 2]); 5] = [
        ("axum", [("hello-axum", &[]), ("plain-hello-axum", &[])]),
        ("hyper", [("hello-hyper", &[]), ("plain-hello-hyper", &[])]),
        ("warp", [("hello-warp", &[]), ("plain-hello-warp", &[])]),
        ("actix-web", [("hello-actix-web", &[]), ("plain-hello-actix-web", &[])]),
        ("tls", [("server", &[&tls[0], &tls[1]]), ("plain-tls", &[&cert, &key])]),
    ];
    for (name, programs) in pairs.into_iter().filter(|(name, _)| name.contains(&args.only)) {
        Pair::start(name, programs).measure(args)?;
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
