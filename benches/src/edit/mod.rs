//! The time from a save to the first answer of the new code: `cargo devserver`, its peers, `cargo build` alone, and
//! the `rustc` commands of that alone. Each has a project of its own with the same app. All run at once, and their
//! edits take turns.

mod app;
mod tools;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use listenfd_tests::Folder;

pub(crate) use app::new_project;
pub(crate) use tools::wait_for;

use crate::fixture::Place;
use crate::stats::median;
use app::App;
use tools::{How, Tool};

/// The app, the peers, and the size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The app to edit
    #[arg(long, value_enum, default_value = "hello")]
    app: AppName,
    /// The crate of the realistic app to edit
    #[arg(long, value_enum, default_value = "app")]
    at: Place,
    /// The folder with the peers' binaries (cargo install --root PEERS watchexec-cli cargo-watch
    /// bacon systemfd); those that are missing are left out
    #[arg(long)]
    peers: Option<PathBuf>,
    /// A folder for the projects. It is kept, so that the next measurement there need not build everything again
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Edits
    #[arg(long, default_value_t = 20)]
    edits: usize,
    /// Keep-alive clients meanwhile, each with ten requests per second
    #[arg(long, default_value_t = 0)]
    clients: usize,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AppName {
    /// A few lines in one crate
    Hello,
    /// About 7,000 lines in five crates
    Realistic,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let app = match args.app {
        AppName::Hello => App::Hello,
        AppName::Realistic => App::Realistic(args.at),
    };
    let temporary = Folder::new();
    let all = args.keep.clone().unwrap_or_else(|| temporary.path(""));
    let mut tools = tools::ours(&all, app)?;
    if let Some(peers) = &args.peers {
        tools.extend(tools::peers(&all, app, &peers.join("bin"))?);
    }
    for tool in &mut tools {
        println!("building for {}", tool.name);
        tool.begin()?;
    }
    let addrs = tools.iter().filter_map(|tool| match tool.how {
        How::Serve(addr, _) => Some(addr),
        How::Build(_) | How::Rustc(_) => None,
    });
    for addr in addrs.flat_map(|addr| std::iter::repeat_n(addr, args.clients)) {
        std::thread::spawn(move || send_requests(addr));
    }
    for edit in 1..=args.edits {
        for tool in &mut tools {
            tool.edit(edit)?;
        }
    }
    report(&tools);
    Ok(())
}

fn report(tools: &[Tool]) {
    let floor = median(tools[0].times.clone());
    for tool in tools {
        let (time, refused) = (median(tool.times.clone()), tool.refused);
        let more = (time - floor) * 1e3;
        println!("{:26} {time:5.2} s, {more:+5.0} ms, refused {refused}", tool.name);
    }
    let ours = tools.iter().find(|tool| tool.name == tools::OURS);
    let Some(ours) = ours.map(|tool| median(tool.times.clone())) else { return };
    for peer in tools.iter().filter(|tool| matches!(tool.how, How::Serve(..))) {
        let ratio = ours / median(peer.times.clone());
        if peer.name != tools::OURS {
            println!("{ratio:.2} of {}", peer.name);
        }
    }
}

/// Sends requests for ever, on one connection while the server leaves it open.
fn send_requests(addr: SocketAddr) {
    let mut stream = None;
    loop {
        let asked = stream.take().or_else(|| TcpStream::connect(addr).ok()).and_then(|mut s| {
            s.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
            let length = s.read(&mut [0; 4096]).ok()?;
            (length > 0).then_some(s)
        });
        stream = asked;
        std::thread::sleep(Duration::from_millis(100));
    }
}
