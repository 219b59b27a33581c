#![doc = include_str!("../README.md")]
//!
//! # As a library
//!
//! There is only [`run()`], the whole program.

#[cfg(not(unix))]
compile_error!("listenfd-devserver runs on Unix so far (Linux, macOS, the BSDs)");

// The rooms are in the order in which a save travels through them. `policy`, which is pure,
// decides; `session` acts.
mod settings;

mod project;

mod watch;

mod children;

mod build;

mod run;

mod web;

mod page;

mod control;

mod policy;

mod session;

mod terminal;

mod sys;

#[doc(hidden)]
pub mod parsers;

/// The scripts of pages, for the tests in a browser.
#[doc(hidden)]
pub use page::assets::{PAGE_SCRIPT, WORKER_SCRIPT};

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::Context;

/// The exit status of a start that fails, as clap's for invalid arguments.
const CANNOT_BEGIN: u8 = 2;

/// Runs this program as a child. This process is the first one of a container, so it has to wait
/// for the orphans of others, such as builds.
#[allow(clippy::print_stderr, reason = "the screen belongs to the child")]
fn below_first_process(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let started = sys::this_program().and_then(|program| {
        let mut command = Command::new(program);
        command.arg0(std::env::args_os().next().unwrap_or_default()).args(arguments);
        listenfd_systemfd::internal::run_below_pid1(command)
    });
    started.unwrap_or_else(|err| {
        eprintln!("error: cannot start as the first process of a container: {err}");
        CANNOT_BEGIN.into()
    })
}

/// Runs `cargo devserver` with this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    match arguments.peek().and_then(|first| first.to_str()) {
        Some(children::exec_shim::ARGUMENT) => return children::exec_shim::run(arguments.skip(1)),
        Some(children::cleanup::ARGUMENT) => return children::cleanup::run(),
        _ if std::process::id() == 1 => return below_first_process(arguments),
        // cargo passes the name of the subcommand.
        Some("devserver") => drop(arguments.next()),
        _ => {}
    }
    let name = std::iter::once("cargo-devserver".into());
    let arguments: Vec<_> = name.chain(arguments).collect();
    let args: settings::args::Args = match listenfd_systemfd::internal::parse_arguments(&arguments)
    {
        Ok(args) => args,
        Err(err) => {
            // An error means that the terminal is gone.
            let _ = err.print();
            return if err.use_stderr() { CANNOT_BEGIN.into() } else { ExitCode::SUCCESS };
        }
    };
    let folder = std::env::current_dir().context("the current folder is gone");
    if let Some(command) = args.command {
        return control::commands::run(command, folder);
    }
    let Ok(screen) = terminal::screen::Screen::new(args.color, args.quiet, args.json) else {
        let _ = writeln!(io::stderr(), "error: cannot start a thread");
        return CANNOT_BEGIN.into();
    };
    let ended = folder.and_then(|folder| session::setup::run(args.command_line(folder), &screen));
    if let Err(err) = &ended {
        screen.error(err);
    }
    screen.finish();
    if ended.is_ok() { ExitCode::SUCCESS } else { CANNOT_BEGIN.into() }
}
