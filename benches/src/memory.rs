//! The memory of an idle connection: `hello-axum`, and the same app on `axum::serve`.

use anyhow::Context;
use listenfd_tests::{Child, Connection, Supplier, get, program};

/// The size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Idle connections
    #[arg(long, default_value_t = 8_000)]
    connections: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    listenfd_tests::raise_fd_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for name in ["hello-axum", "peer-hello-axum", "hello-axum", "peer-hello-axum"] {
        let mut sockets = Supplier::new();
        let addr = sockets.tcp(None, "127.0.0.1");
        let server = Child::spawn(&mut sockets.command(program(name)));
        let bytes = runtime.block_on(async {
            let mut idle = Vec::new();
            for _ in 0..100 {
                get(addr, "/").await?;
            }
            let before = resident(server.pid())?;
            for _ in 0..args.connections {
                let mut connection = Connection::open(addr).await?;
                connection.get("/").await?;
                idle.push(connection);
            }
            anyhow::Ok(resident(server.pid())? - before)
        })?;
        println!("{name:16} {:6.0} bytes per idle connection", bytes / args.connections as f64);
    }
    Ok(())
}

/// The resident memory of a process in bytes (`proc_pid_status(5)`).
fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line.context("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024.0)
}
