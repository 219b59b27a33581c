//! The time from a save to the first answer of the new code: `cargo devserver`, its peers, and `cargo build`
//! alone. Each has a project of its own with the same app. All run at once, and their edits take turns.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use listenfd_tests::{Child, Folder, program};

use crate::stats::median;

/// The peers, and the size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder with the peers' binaries (cargo install --root PEERS watchexec-cli cargo-watch
    /// bacon systemfd)
    #[arg(long)]
    peers: Option<PathBuf>,
    /// Edits
    #[arg(long, default_value_t = 20)]
    edits: usize,
    /// Keep-alive clients meanwhile, each with ten requests per second
    #[arg(long, default_value_t = 0)]
    clients: usize,
}

/// A tool that rebuilds the app.
struct Tool {
    name: &'static str,
    folder: PathBuf,
    how: How,
    times: Vec<f64>,
    refused: usize,
}

enum How {
    /// Runs `cargo build` with these arguments after each edit. This is the floor.
    Build(Vec<&'static str>),
    /// Watches the files by itself, and serves at this address.
    Serve(SocketAddr, #[allow(dead_code, reason = "it runs")] Child),
}

/// The profile of `cargo devserver`.
const FAST: [&str; 6] = [
    "--profile",
    "devserver",
    "--config",
    "profile.devserver.inherits=\"dev\"",
    "--config",
    "profile.devserver.debug=\"line-tables-only\"",
];

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let all = Folder::new();
    let mut tools = our_tools(&all)?;
    if let Some(peers) = &args.peers {
        tools.extend(peer_tools(&all, &peers.join("bin"))?);
    }
    for tool in &mut tools {
        println!("building for {}", tool.name);
        tool.edit(0)?;
        (tool.times, tool.refused) = (Vec::new(), 0);
    }
    let addrs = tools.iter().filter_map(|tool| match tool.how {
        How::Serve(addr, _) => Some(addr),
        How::Build(_) => None,
    });
    for addr in addrs.flat_map(|addr| std::iter::repeat_n(addr, args.clients)) {
        std::thread::spawn(move || send_requests(addr));
    }
    for edit in 1..=args.edits {
        for tool in &mut tools {
            tool.edit(edit)?;
        }
    }
    let floor = median(tools[0].times.clone());
    for tool in &tools {
        let (time, refused) = (median(tool.times.clone()), tool.refused);
        let more = (time - floor) * 1e3;
        println!("{:26} {time:5.2} s, {more:+5.0} ms, refused {refused}", tool.name);
    }
    Ok(())
}

/// The floor, and `cargo devserver`.
fn our_tools(all: &Folder) -> anyhow::Result<Vec<Tool>> {
    Ok(vec![
        builder(all, "cargo build, same profile", FAST.to_vec())?,
        builder(all, "cargo build", Vec::new())?,
        server(all, "cargo devserver", |addr| {
            // As users type it: cargo finds the subcommand on the `PATH`.
            let path = listenfd_core::internal::env_var("PATH").unwrap_or_default();
            let ours = program("cargo-devserver").parent().map(Path::to_owned);
            let path = std::env::join_paths(ours.into_iter().chain(std::env::split_paths(&path)));
            let mut command = Command::new("cargo");
            command.args(["devserver", "-l", &format!("http::{addr}"), "--strict-port"]);
            command.env("PATH", path.unwrap_or_default());
            command
        })?,
    ])
}

fn peer_tools(all: &Folder, bin: &Path) -> anyhow::Result<Vec<Tool>> {
    let held = |addr: SocketAddr, watcher: &str, rest: &[&str]| {
        let mut command = Command::new(bin.join("systemfd"));
        command.args(["--no-pid", "-q", "-s", &format!("http::{addr}"), "--"]);
        command.arg(bin.join(watcher)).args(rest);
        command
    };
    Ok(vec![
        server(all, "systemfd + watchexec", |addr| {
            held(addr, "watchexec", &["-r", "--", "cargo", "run"])
        })?,
        server(all, "systemfd + cargo watch", |addr| {
            held(addr, "cargo-watch", &["watch", "-x", "run"])
        })?,
        server(all, "bacon", |addr| {
            let mut command = Command::new(bin.join("bacon"));
            command.args(["--headless", "--job", "serve"]).env("ADDR", addr.to_string());
            command
        })?,
    ])
}

fn builder(all: &Folder, name: &'static str, arguments: Vec<&'static str>) -> anyhow::Result<Tool> {
    let folder = project(all, name)?;
    Ok(Tool { name, folder, how: How::Build(arguments), times: Vec::new(), refused: 0 })
}

fn server(
    all: &Folder,
    name: &'static str,
    command: impl FnOnce(SocketAddr) -> Command,
) -> anyhow::Result<Tool> {
    let folder = project(all, name)?;
    // The port is free now, and nothing else takes ports meanwhile.
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Child::spawn(command(addr).current_dir(&folder));
    Ok(Tool { name, folder, how: How::Serve(addr, child), times: Vec::new(), refused: 0 })
}

fn project(all: &Folder, name: &str) -> anyhow::Result<PathBuf> {
    let folder = new_project(all, name, "", &app(usize::MAX))?;
    let bacon = "[jobs.serve]\ncommand = [\"cargo\", \"run\"]\nneed_stdout = true\n\
                 background = false\non_change_strategy = \"kill_then_restart\"\n";
    std::fs::write(folder.join("bacon.toml"), bacon)?;
    Ok(folder)
}

/// A project with this source, and with dependencies beside axum and tokio.
pub(crate) fn new_project(
    all: &Folder,
    name: &str,
    dependencies: &str,
    source: &str,
) -> anyhow::Result<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no repository")?;
    let folder = all.path(name.replace([' ', ',', '+'], "-"));
    std::fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n\
         axum = \"0.8\"\naxum-listenfd = {{ path = {:?} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\
         {dependencies}",
        repository.join("integrations/axum")
    );
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    // `cargo new` writes it; without it, peers take the built files for a change.
    std::fs::write(folder.join(".gitignore"), "/target\n")?;
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(&folder).status()?;
    ensure!(git.success(), "git init: {git}");
    std::fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    std::fs::write(folder.join("src/main.rs"), source)?;
    Ok(folder)
}

/// The source of the app, which answers with the number of the edit.
fn app(edit: usize) -> String {
    format!(
        "use axum::{{Router, routing::get}};\n\n#[tokio::main]\n\
         async fn main() -> std::io::Result<()> {{\n    \
         let app = Router::new().route(\"/\", get(|| async {{ \"edit {edit}\" }}));\n    \
         let addr = std::env::var(\"ADDR\").unwrap_or(\"127.0.0.1:0\".into());\n    \
         axum_listenfd::serve_or_bind(app, addr.as_str()).await\n}}\n"
    )
}

impl Tool {
    fn edit(&mut self, edit: usize) -> anyhow::Result<()> {
        // The tool finishes its work on the last edit.
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        std::fs::write(self.folder.join("src/main.rs"), app(edit))?;
        match &self.how {
            How::Build(arguments) => {
                let mut command = Command::new("cargo");
                command.args(["build", "--quiet"]).args(arguments).current_dir(&self.folder);
                ensure!(command.status()?.success(), "{command:?}");
            }
            How::Serve(addr, _) => self.refused += wait_for(*addr, &format!("edit {edit}"))?,
        }
        self.times.push(began.elapsed().as_secs_f64());
        Ok(())
    }
}

/// Sends requests until the answer is this one, and returns the number of refused connections.
pub(crate) fn wait_for(addr: SocketAddr, answer: &str) -> anyhow::Result<usize> {
    const TIMEOUT: Duration = Duration::from_secs(300);
    let (began, mut refused) = (Instant::now(), 0);
    loop {
        match get(addr) {
            Ok(found) if found.contains(answer) => return Ok(refused),
            Ok(_) => {}
            Err(_) => refused += 1,
        }
        ensure!(began.elapsed() < TIMEOUT, "{addr} does not answer {answer:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn get(addr: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
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
