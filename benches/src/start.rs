//! The time from the start of `systemfd` to the start of its program: ours and systemfd 0.4.6.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use listenfd_tests::program;

use crate::stats::median;

/// The peer to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The peer's binary (cargo install systemfd@0.4.6)
    #[arg(long)]
    peer: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut programs = vec![("the program alone", None), ("ours", Some(program("systemfd")))];
    programs.extend(args.peer.clone().map(|peer| ("systemfd 0.4.6", Some(peer))));
    let mut times = vec![Vec::new(); programs.len()];
    for _ in 0..300 {
        for ((_, program), times) in programs.iter().zip(&mut times) {
            let mut command = match program {
                Some(program) => {
                    let mut command = Command::new(program);
                    command.args(["-q", "-s", "http::0", "--", "true"]);
                    command
                }
                None => Command::new("true"),
            };
            let began = Instant::now();
            let status = command.stderr(Stdio::null()).status()?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            anyhow::ensure!(status.success(), "{command:?}: {status}");
        }
    }
    let alone = median(times[0].clone());
    for ((name, _), times) in programs.iter().zip(times) {
        let time = median(times);
        println!("{name:18} {time:5.2} ms, {:5.2} ms more than the program alone", time - alone);
    }
    Ok(())
}
