//! The tools that build and run an app after each edit.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use listenfd_tests::{Child, DEVSERVER_PROFILE, program};

use super::app::App;

pub(super) const OURS: &str = "cargo devserver";

/// A tool that rebuilds the app.
pub(super) struct Tool {
    pub(super) name: &'static str,
    app: App,
    folder: PathBuf,
    pub(super) how: How,
    pub(super) times: Vec<f64>,
    pub(super) refused: usize,
}

pub(super) enum How {
    /// Runs the `rustc` commands of `cargo build` after each edit, one after the other: the compiler and the linker
    /// alone. Cargo has told them at the first edit.
    Rustc(Vec<String>),
    /// Runs `cargo build` with these arguments after each edit.
    Build(Vec<&'static str>),
    /// Watches the files by itself, and serves at this address.
    Serve(SocketAddr, #[allow(dead_code, reason = "it runs")] Child),
}

/// What an edit costs at least, and `cargo devserver`.
pub(super) fn ours(all: &Path, app: App) -> anyhow::Result<Vec<Tool>> {
    let builder = |name, how| -> anyhow::Result<Tool> {
        Ok(Tool::new(name, app, app.project(all, name)?, how))
    };
    Ok(vec![
        builder("its rustc alone", How::Rustc(Vec::new()))?,
        builder("cargo build, same profile", How::Build(DEVSERVER_PROFILE.to_vec()))?,
        builder("cargo build", How::Build(Vec::new()))?,
        server(all, app, OURS, |addr| {
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

/// The peers that are installed.
pub(super) fn peers(all: &Path, app: App, bin: &Path) -> anyhow::Result<Vec<Tool>> {
    let held = |addr: SocketAddr, watcher: &str, rest: &[&str]| {
        let mut command = Command::new(bin.join("systemfd"));
        command.args(["--no-pid", "-q", "-s", &format!("http::{addr}"), "--"]);
        command.arg(bin.join(watcher)).args(rest);
        command
    };
    let mut tools = Vec::new();
    if bin.join("watchexec").exists() {
        tools.push(server(all, app, "systemfd + watchexec", |addr| {
            held(addr, "watchexec", &["-r", "--", "cargo", "run"])
        })?);
    }
    if bin.join("cargo-watch").exists() {
        tools.push(server(all, app, "systemfd + cargo watch", |addr| {
            held(addr, "cargo-watch", &["watch", "-x", "run"])
        })?);
    }
    if bin.join("bacon").exists() {
        tools.push(server(all, app, "bacon", |addr| {
            let mut command = Command::new(bin.join("bacon"));
            command.args(["--headless", "--job", "serve"]).env("ADDR", addr.to_string());
            command
        })?);
    }
    Ok(tools)
}

fn server(
    all: &Path,
    app: App,
    name: &'static str,
    command: impl FnOnce(SocketAddr) -> Command,
) -> anyhow::Result<Tool> {
    let folder = app.project(all, name)?;
    // The port is free now, and nothing else takes ports meanwhile.
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Child::spawn(command(addr).current_dir(&folder));
    Ok(Tool::new(name, app, folder, How::Serve(addr, child)))
}

impl Tool {
    fn new(name: &'static str, app: App, folder: PathBuf, how: How) -> Self {
        Tool { name, app, folder, how, times: Vec::new(), refused: 0 }
    }

    /// The first build, and one more edit.
    pub(super) fn begin(&mut self) -> anyhow::Result<()> {
        if let How::Rustc(_) = self.how {
            self.build(&DEVSERVER_PROFILE)?;
            self.app.save(&self.folder, 0)?;
            self.how = How::Rustc(commands(self.cargo(&DEVSERVER_PROFILE).arg("-vv"))?);
        }
        self.edit(0)?;
        (self.times, self.refused) = (Vec::new(), 0);
        Ok(())
    }

    pub(super) fn edit(&mut self, edit: usize) -> anyhow::Result<()> {
        // The tool finishes its work on the last edit.
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        self.app.save(&self.folder, edit)?;
        match &self.how {
            How::Rustc(commands) => {
                for command in commands {
                    let mut shell = Command::new("sh");
                    shell.args(["-c", command]).current_dir(&self.folder);
                    let output = shell.output()?;
                    ensure!(output.status.success(), "{command}: {output:?}");
                }
            }
            How::Build(arguments) => self.build(arguments)?,
            How::Serve(addr, _) => self.refused += wait_for(*addr, &self.app.answer(edit))?,
        }
        self.times.push(began.elapsed().as_secs_f64());
        Ok(())
    }

    fn build(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.cargo(arguments);
        ensure!(command.arg("--quiet").status()?.success(), "{command:?}");
        Ok(())
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.arg("build").args(arguments).current_dir(&self.folder);
        command
    }
}

/// The commands, with their variables, that a verbose `cargo build` runs.
fn commands(cargo: &mut Command) -> anyhow::Result<Vec<String>> {
    let output = cargo.output()?;
    ensure!(output.status.success(), "{cargo:?}: {output:?}");
    let text = String::from_utf8(output.stderr).context("cargo writes no UTF-8")?;
    let commands = text.lines().filter_map(|line| line.trim().strip_prefix("Running `"));
    let commands: Vec<_> =
        commands.filter_map(|line| line.strip_suffix('`')).map(str::to_owned).collect();
    ensure!(!commands.is_empty(), "cargo tells no command: {text}");
    Ok(commands)
}

/// Sends requests until the answer is this one, and returns the number of refused connections.
pub(crate) fn wait_for(addr: SocketAddr, answer: &str) -> anyhow::Result<usize> {
    const TIMEOUT: Duration = Duration::from_secs(600);
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
