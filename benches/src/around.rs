//! Everything around the build of a save, by the clocks of the processes themselves: from the save to the
//! start of the build tool, from its end to the start of the program, and from there to the first answer.
//!
//! `stand-in` takes the place of cargo (`CARGO`) and of rustc (`RUSTC`). It notes the time at its start, runs
//! the real one, and notes the time at its end. The program notes the time as the first thing in `main`. So
//! whatever builds, cargo or replayed rustc commands, the first note after a save is the build's start, and
//! the last one before the program's is its end.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use listenfd_tests::{Child, Folder, program};

use crate::edit::{new_project, wait_for};
use crate::stats::median;

/// The size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Edits
    #[arg(long, default_value_t = 20)]
    edits: usize,
    /// The `cargo-devserver` to measure, instead of the one that was built with this
    #[arg(long)]
    devserver: Option<PathBuf>,
}

/// How long nothing must happen before the watcher looks at the files.
const QUIET: f64 = 8.0;

/// The parts of one save, in milliseconds.
struct Parts {
    to_build: f64,
    build: f64,
    to_program: f64,
    to_answer: f64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let all = Folder::new();
    let notes = all.path("notes");
    let folder = new_project(&all.path(""), "around", "", &app(0, &notes))?;
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let devserver = args.devserver.clone().unwrap_or_else(|| program("cargo-devserver"));
    let stand_in = program("stand-in");
    let rustc = all.path("rustc");
    std::os::unix::fs::symlink(&stand_in, &rustc)?;
    let mut command = Command::new(devserver);
    command.args(["devserver", "-l", &format!("http::{addr}"), "--strict-port"]);
    command.env("CARGO", &stand_in).env("STAND_IN_FOR_CARGO", real("cargo", &folder)?);
    command.env("RUSTC", &rustc).env("STAND_IN_FOR_RUSTC", real("rustc", &folder)?);
    command.env("STAND_IN_NOTES", &notes).current_dir(&folder);
    let _child = Child::spawn(&mut command);
    wait_for(addr, "edit 0")?;
    let mut parts = Vec::new();
    for edit in 1..=args.edits {
        // It finishes its work on the last edit.
        std::thread::sleep(Duration::from_millis(600));
        std::fs::write(&notes, "")?;
        std::fs::write(folder.join("src/main.rs"), app(edit, &notes))?;
        let saved = now()?;
        wait_for(addr, &format!("edit {edit}"))?;
        let answered = now()?;
        parts.push(parts_of(&std::fs::read_to_string(&notes)?, saved, answered)?);
    }
    report("save to the build's start, less 8 ms of quiet", &parts, |part| part.to_build - QUIET);
    report("the build", &parts, |part| part.build);
    report("the build's end to the program's start", &parts, |part| part.to_program);
    report("the program's start to its first answer", &parts, |part| part.to_answer);
    Ok(())
}

fn report(name: &str, parts: &[Parts], of: impl Fn(&Parts) -> f64) {
    let mut all: Vec<_> = parts.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    let most = all.get(all.len() * 9 / 10).copied().unwrap_or(f64::NAN);
    println!("{name:46} {:6.1} ms, in 9 of 10 at most {most:6.1} ms", median(all));
}

/// The path of a tool of the toolchain, without rustup's proxy before it.
fn real(name: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).current_dir(folder).output()?;
    ensure!(output.status.success(), "rustc --print sysroot: {}", output.status);
    Ok(Path::new(String::from_utf8(output.stdout)?.trim()).join("bin").join(name))
}

fn parts_of(notes: &str, saved: f64, answered: f64) -> anyhow::Result<Parts> {
    let times = |what: &str| -> Vec<f64> {
        let of = |line: &str| line.strip_prefix(what)?.trim().parse::<u64>().ok().map(milliseconds);
        notes.lines().filter_map(of).collect()
    };
    let program = *times("program").last().context("the program has noted nothing")?;
    let began = times("start").into_iter().reduce(f64::min).context("nothing was built")?;
    let ends = times("end").into_iter().filter(|end| *end <= program);
    let ended = ends.reduce(f64::max).context("no build has ended")?;
    Ok(Parts {
        to_build: began - saved,
        build: ended - began,
        to_program: program - ended,
        to_answer: answered - program,
    })
}

fn now() -> anyhow::Result<f64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    Ok(milliseconds(u64::try_from(since)?))
}

/// Nanoseconds since 1970 as milliseconds of this day.
fn milliseconds(since: u64) -> f64 {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    (Duration::from_nanos(since).as_secs() % DAY.as_secs()) as f64 * 1e3
        + f64::from(Duration::from_nanos(since).subsec_nanos()) / 1e6
}

/// The source of the app, which answers with the number of the edit.
fn app(edit: usize, notes: &Path) -> String {
    format!(
        "use axum::{{Router, routing::get}};\nuse std::io::Write;\n\n\
         fn main() -> std::io::Result<()> {{\n    \
         let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();\n    \
         let mut notes = std::fs::File::options().append(true).create(true).open({notes:?})?;\n    \
         notes.write_all(format!(\"program {{}}\\n\", now.as_nanos()).as_bytes())?;\n    \
         serve()\n}}\n\n\
         #[tokio::main]\n\
         async fn serve() -> std::io::Result<()> {{\n    \
         let app = Router::new().route(\"/\", get(|| async {{ \"edit {edit}\" }}));\n    \
         axum_listenfd::serve_or_bind(app, \"127.0.0.1:0\").await\n}}\n"
    )
}
