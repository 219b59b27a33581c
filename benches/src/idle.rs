//! Idle connections that survive restarts under a real systemd: the time from `systemctl restart` to the first
//! answer, and the memory and descriptors of the service and of systemd afterwards.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use listenfd_tests::{Connection, Restart, Systemd, Unit, get, open_fds, own_memory};

use crate::stats::median;

/// The size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The numbers of idle connections, each measured on its own
    #[arg(long, default_values_t = [0, 1000, 10_000])]
    connections: Vec<usize>,
    /// Restarts for each number
    #[arg(long, default_value_t = 20)]
    restarts: usize,
    /// The root folder of a system with another version of systemd, such as debootstrap makes
    #[arg(long)]
    root: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(Systemd::is_possible(), "a systemd of our own needs root");
    listenfd_tests::raise_fd_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for &connections in &args.connections {
        runtime.block_on(measure(args, connections))?;
    }
    Ok(())
}

async fn measure(args: &Args, connections: usize) -> anyhow::Result<()> {
    let mut systemd = Systemd::boot(Unit {
        server: "server-axum hand_over_connections=1",
        service: "FileDescriptorStoreMax=1\nLimitNOFILE=20000",
        root: args.root.as_deref(),
    });
    let mut idle = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(systemd.addr()).await?;
        connection.get("/").await?;
        idle.push(connection);
    }
    get(systemd.addr(), "/").await?;
    let before = usage(&systemd);
    let mut times = Vec::new();
    for restart in 0..args.restarts {
        let began = Instant::now();
        systemd.restart();
        match idle.get_mut(restart % connections.max(1)) {
            Some(connection) => connection.get("/").await?,
            None => get(systemd.addr(), "/").await?,
        };
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    for connection in &mut idle {
        ensure!(connection.get("/").await?.body == b"hello", "a wrong answer");
    }
    let most = times.iter().copied().fold(0.0, f64::max);
    println!(
        "{connections:6} idle: {:6.1} ms median, {most:6.1} ms at most, over {} restarts; all of \
         them answered afterwards",
        median(times),
        args.restarts
    );
    println!("       before {before}\n       after  {}", usage(&systemd));
    Ok(())
}

/// The memory and the descriptors of both processes.
fn usage(systemd: &Systemd) -> String {
    let (service, manager) = (systemd.service_pid(), systemd.manager_pid());
    format!(
        "service {} KiB, {} descriptors; systemd {} KiB, {} descriptors",
        own_memory(service),
        open_fds(service),
        own_memory(manager),
        open_fds(manager)
    )
}
