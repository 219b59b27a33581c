//! Requests lost and connections closed by restarts: with each keeper, and with servers without one on the same
//! systemd unit.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use listenfd_tests::loss::{Mode, Report, measure};
use listenfd_tests::{EditedApp, Fate, HeldBy, Restart, RestartLoop, Systemd, Unit, program};

use crate::plot;

/// The choice of keepers, peers and modes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Restarts in each mode
    #[arg(long, default_value_t = 100)]
    restarts: usize,
    /// The root folder of a system with another version of systemd, such as debootstrap makes
    #[arg(long = "root")]
    roots: Vec<PathBuf>,
    /// Only the keepers whose name contains this
    #[arg(long, default_value = "")]
    keeper: String,
    /// Only the modes whose name contains this
    #[arg(long, default_value = "")]
    mode: String,
    /// The peers under this machine's systemd, instead of the keepers
    #[arg(long)]
    peers: bool,
    /// The file for a plot of the peers
    #[arg(long)]
    plot: Option<PathBuf>,
}

const OURS: &str = "server-axum hand_over_connections=1";
const STORE: &str = "FileDescriptorStoreMax=1";

/// Servers and the type of their unit. Those without READY=1 count as ready when they run. That costs nothing,
/// because requests wait in the queue.
const PEERS: [(&str, &str, &str); 4] = [
    ("axum-listenfd", OURS, STORE),
    ("axum", "peer-axum", "Type=exec"),
    ("actix-web", "peer-actix-web", "Type=exec"),
    ("axum-server", "peer-axum-server", "Type=exec"),
];

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(Systemd::is_possible(), "a systemd of our own needs root");
    if args.peers {
        return peers(args);
    }
    let roots = std::iter::once(None).chain(args.roots.iter().map(Some));
    for root in roots {
        let unit = Unit { server: OURS, service: STORE, root: root.map(PathBuf::as_path) };
        let name =
            format!("systemd {}", root.map_or("here".into(), |root| root.display().to_string()));
        if name.contains(&args.keeper) {
            let mut systemd = Systemd::boot(unit);
            let version = systemd.systemctl(&["--version"]);
            keeper(args, version.lines().next().unwrap_or_default(), &mut systemd)?;
        }
    }
    if "systemfd --keep".contains(&args.keeper) {
        let mut server = RestartLoop::start(&program("server-axum"), &[], HeldBy::SystemfdKeep);
        keeper(args, "systemfd --keep", &mut server)?;
    }
    if "cargo devserver".contains(&args.keeper) {
        keeper(args, "cargo devserver", &mut EditedApp::start("bench-survives"))?;
    }
    Ok(())
}

/// Measures all modes with one keeper.
fn keeper(args: &Args, name: &str, server: &mut dyn Restart) -> anyhow::Result<()> {
    println!("# {name}");
    let (mut asked, mut lost, mut reopened) = (0, 0, 0);
    for mode in Mode::REUSING.into_iter().filter(|mode| mode.to_string().contains(&args.mode)) {
        let report = measure(server, mode, args.restarts);
        println!("{report}");
        asked += report.count(Fate::Ok) + report.lost();
        lost += report.lost();
        reopened += report.reopened;
    }
    println!("all: {lost} of {asked} lost, {reopened} connections closed");
    Ok(())
}

fn peers(args: &Args) -> anyhow::Result<()> {
    let mut rows: Vec<(&str, Vec<Report>)> = Vec::new();
    for (name, server, service) in PEERS {
        println!("# {name}");
        let mut systemd = Systemd::boot(Unit { server, service, root: None });
        let modes = Mode::REUSING.into_iter().filter(|mode| *mode != Mode::Pipelined);
        let modes = modes.filter(|mode| mode.to_string().contains(&args.mode));
        let mut reports = Vec::new();
        for mode in modes {
            let report = measure(&mut systemd, mode, args.restarts);
            println!("{report}");
            reports.push(report);
        }
        rows.push((name, reports));
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::closed(&rows)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
