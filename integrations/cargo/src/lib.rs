#![doc = include_str!("../README.md")]
//!
//! # As a library
//!
//! There is only [`run()`], the whole program.

#[cfg(not(any(unix, windows)))]
compile_error!("listenfd-devserver runs on Linux, macOS, the BSDs and Windows");

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

mod doctor;

mod terminal;

mod sys;

#[doc(hidden)]
pub mod parsers;

/// The scripts of pages, for the tests in a browser.
#[doc(hidden)]
pub use page::assets::{PAGE_SCRIPT, WORKER_SCRIPT};

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;

use settings::commands::Subcommands;

/// The exit status of a start that fails, as clap's for invalid arguments.
const CANNOT_BEGIN: u8 = 2;

/// Runs `cargo devserver` with this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(code) = build::replay::wrapper::run() {
        return code;
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = children::stages::run(&arguments) {
        return code;
    }
    if let Some(code) = doctor::recorder::run(&arguments) {
        return code;
    }
    // cargo passes the name of the subcommand.
    let is_named = arguments.first().is_some_and(|first| first == "devserver");
    let arguments = arguments.into_iter().skip(usize::from(is_named));
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
    match args.command {
        Some(Subcommands::Control(command)) => return control::commands::run(command, folder),
        Some(Subcommands::Doctor(doctor)) => return doctor::run(&doctor, folder),
        None => {}
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
