//! `cargo devserver doctor`: measures where the time of a save goes, on the user's own project, and what
//! would make it shorter.
//!
//! `bench` has the measurements; `levers` decides with their figures what is a `finding`: a file for each
//! lever. `samples` compares figures, and `report` shows them. `recorder` is how cargo's command for
//! `rustc` becomes known, and `system` what differs between platforms. No file of the project is changed.

mod bench;
mod finding;
mod levers;
pub(crate) mod recorder;
mod report;
mod samples;
mod system;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ColorChoice;
use listenfd_core::internal::{escaped_json, escaped_lines};

use crate::build::built::Built;
use crate::build::rustc_arguments::codegen;
use crate::children::launcher::Launcher;
use crate::project::cargo_config::CargoConfig;
use crate::session::plan::Plan;
use crate::settings::commands::Doctor;
use crate::settings::resolved::CommandLine;
use crate::terminal::screen::Screen;
use bench::Bench;
use bench::build::build;
use bench::compile::{Crates, Variant};
use bench::link::Link;
use bench::scratch::Scratch;
use finding::Finding;
use levers::{debug_info, incremental, inotify, linker, scanner, shared_target, start, watcher};
use report::{Report, Save};
use samples::Samples;

/// The first build may take this long.
const MAX_BUILD: Duration = Duration::from_secs(1800);
/// All measurements together.
const MAX_ALL: Duration = Duration::from_secs(240);
/// How often cargo is asked when there is nothing to compile.
const TIMES: usize = 3;

/// The program does not build.
const BAD: u8 = 1;
/// As for invalid arguments.
const CANNOT_MEASURE: u8 = 2;
/// That of a shell for a command that SIGINT has ended.
const INTERRUPTED: u8 = 130;

/// Why there is no report.
enum Failure {
    NotBuilt,
    Interrupted,
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(err: anyhow::Error) -> Self {
        Failure::Other(err)
    }
}

/// Measures the project in this folder, and prints what was found.
pub(crate) fn run(arguments: &Doctor, folder: anyhow::Result<PathBuf>) -> ExitCode {
    let line = folder.map(|folder| arguments.command_line(folder));
    let report = line.map_err(Failure::from).and_then(|line| attempt(&line));
    let (text, reason, code) = match report {
        Ok(report) if arguments.json => {
            (format!("{}\n", escaped_json(report.json().to_string())), String::new(), 0)
        }
        Ok(report) => (report.text(), String::new(), 0),
        Err(Failure::NotBuilt) => {
            (String::new(), "error: the program does not build\n".to_owned(), BAD)
        }
        Err(Failure::Interrupted) => (String::new(), String::new(), INTERRUPTED),
        Err(Failure::Other(err)) => {
            let reason = format!("error: {}\n", escaped_lines(format!("{err:#}")));
            (String::new(), reason, CANNOT_MEASURE)
        }
    };
    // An error means that the reader is gone.
    let _ = io::stderr().write_all(reason.as_bytes());
    let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    code.into()
}

fn attempt(line: &CommandLine) -> Result<Report, Failure> {
    let plan = Plan::make(line, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the event loop")?;
    let screen = Screen::new(ColorChoice::Auto, false, false).context("cannot start a thread")?;
    let shown = screen.clone();
    let report = tokio::task::LocalSet::new().block_on(&runtime, async {
        // On a signal, all that runs is dropped: children end, and the folder is removed.
        tokio::select! {
            report = examine(plan, line, &shown) => report,
            signal = system::interrupted() => Err(match signal {
                Ok(()) => Failure::Interrupted,
                Err(err) => anyhow::Error::from(err).context("cannot listen to signals").into(),
            }),
        }
    });
    // Not waiting for other threads: they may wait for a process that never answers.
    runtime.shutdown_background();
    screen.finish();
    report
}

/// Builds the program, and measures.
async fn examine(plan: Plan, line: &CommandLine, screen: &Screen) -> Result<Report, Failure> {
    let launcher = Rc::new(Launcher::new()?);
    let first = build(&plan.recipe, &launcher, screen, MAX_BUILD).await?;
    let Built::Good(artifact, _) = first.built else { return Err(Failure::NotBuilt) };
    let bench = Bench {
        config: CargoConfig::read(&line.folder),
        scratch: Scratch::make(&plan.target)?,
        plan,
        launcher,
        artifact: *artifact,
        screen: Screen::dark().context("cannot start a thread")?,
        folder: line.folder.clone(),
        end: Instant::now() + MAX_ALL,
    };
    Ok(measure(&bench, first.blocked, screen).await)
}

/// Measures everything; the first build was `blocked` by another cargo for so long.
async fn measure(bench: &Bench, blocked: Duration, screen: &Screen) -> Report {
    let tell = |what: &str| screen.line("Measuring", what, crate::terminal::report::Mood::Plain);
    tell("the program's start, and how a save is noticed");
    let started = start::measure(bench).await;
    let watched = watcher::measure(bench).await;
    let scanned = scanner::measure(bench).await;
    let mut save = Save {
        notice: watched.as_ref().ok().and_then(watcher::Figures::now),
        cargo: cargo(bench).await,
        replays: bench.plan.recipe.recording.is_some(),
        start: started.as_ref().ok().map(|figures| figures.start),
        ..Save::default()
    };
    tell("rustc and the linker, in a folder of their own");
    let compiled = compile(bench).await;
    if let Ok(compiled) = &compiled {
        let all = compiled.times.median();
        let link = compiled.link.as_ref().ok().map(|(_, times)| times.median());
        (save.rustc, save.link) = (Some(all.saturating_sub(link.unwrap_or_default())), link);
    }
    let total = save.total();
    let nothing = scanned.as_ref().map(scanner::Figures::nothing).unwrap_or_default();
    let mut findings = Vec::from(start::judge(&started, nothing, total));
    findings.push(watcher::judge(&watched, total));
    findings.extend(inotify::examine(bench, watched.ok().and_then(|it| it.gain())));
    findings.push(scanner::examine(bench, &scanned, total));
    let of = compiled.as_ref().ok().map(|compiled| &compiled.of);
    findings.push(shared_target::examine(bench, of, blocked, total).await);
    match &compiled {
        Ok(compiled) => {
            tell("what would make them faster");
            findings.extend(compiler_levers(bench, compiled, total).await);
        }
        Err(err) => findings.push(Finding::Skipped("rustc and linker", format!("{err:#}"))),
    }
    let program = &bench.plan.recipe.program;
    let names = (program.name.as_str(), program.package.name.as_str(), bench.profile());
    Report::new(names, save, findings)
}

/// How long cargo takes when there is nothing to compile.
async fn cargo(bench: &Bench) -> Option<Duration> {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let limit = bench.limit(bench::MAX_LINK).ok()?;
        let build = build(&bench.plan.recipe, &bench.launcher, &bench.screen, limit).await.ok()?;
        // The time of waiting is that of another cargo.
        times.push(build.time.saturating_sub(build.blocked));
    }
    Samples::of(times).map(|times| times.median())
}

/// The package as cargo compiles it now.
struct Compiled {
    of: Crates,
    variant: Variant,
    times: Samples,
    link: anyhow::Result<(Link, Samples)>,
}

async fn compile(bench: &Bench) -> anyhow::Result<Compiled> {
    let of = Crates::find(bench).await?;
    let is_incremental = codegen(&of.program.recorded.arguments, "incremental").is_some();
    let variant = Variant { name: "now", is_incremental, more: Vec::new() };
    let times = of.compile(bench, &variant).await?;
    let link = link(bench, &of, &variant).await;
    Ok(Compiled { of, variant, times, link })
}

async fn link(bench: &Bench, of: &Crates, variant: &Variant) -> anyhow::Result<(Link, Samples)> {
    let link = Link::of(bench, of, variant).await?;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        times.push(link.time(bench).await?);
    }
    let times = Samples::of(times).context("there is no time left")?;
    Ok((link, times))
}

/// The levers of rustc and the linker.
async fn compiler_levers(bench: &Bench, compiled: &Compiled, save: Duration) -> Vec<Finding> {
    let Compiled { of, variant, times, link } = compiled;
    let is_on = variant.is_incremental;
    let mut findings = vec![incremental::examine(bench, of, times, is_on, save).await];
    let found = link.as_ref().ok().map(|(link, _)| link);
    findings.push(debug_info::examine(bench, of, (times, variant), found, save).await);
    findings.push(match link {
        Ok((link, _)) => linker::examine(bench, link, save).await,
        Err(err) => Finding::Skipped("linker", format!("{err:#}")),
    });
    findings
}
