//! The command line of `systemfd`. `unix.rs` and `windows.rs` have the options of a platform, with the same
//! names, and run the command there.

mod failure;
mod output;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::anyhow;
use clap::Parser;
use listenfd_core::internal::escaped;

use self::failure::{FAILED, Failure};
use self::output::Output;
use self::platform::Args;
use crate::sockets::Sockets;

/// Runs `systemfd` with the arguments of this process. On Unix it returns when the program could not be
/// started, or with `--keep`, when it has ended. On Windows it does so when the program has ended.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let args: Args = match parse_arguments(&arguments) {
        Ok(args) => args,
        Err(err) => {
            // Where the terminal is gone, nothing can be shown.
            let _ = err.print();
            return if err.use_stderr() { FAILED.into() } else { ExitCode::SUCCESS };
        }
    };
    let mut out = Output::new(args.color, args.quiet);
    start(args, &mut out).unwrap_or_else(|(code, err)| {
        out.error(&err);
        code.into()
    })
}

/// Parses arguments as clap does; an error quotes them with control characters escaped.
pub fn parse_arguments<A: Parser>(arguments: &[OsString]) -> Result<A, clap::Error> {
    A::try_parse_from(arguments).map_err(|err| {
        let shown = arguments.iter().map(|text| escaped(text.to_string_lossy()).to_string());
        // The escaped arguments cause the same error, unless it is about those characters.
        A::try_parse_from(shown).err().unwrap_or_else(|| clap::Error::new(err.kind()))
    })
}

fn start(args: Args, out: &mut Output) -> Result<ExitCode, Failure> {
    let options = platform::options(&args)?;
    let sockets = Sockets::open(&args.sockets, &options).map_err(|err| (FAILED, err.into()))?;
    if sockets.is_empty() {
        out.line("warning: no sockets; -s http::3000 opens one");
    }
    for line in sockets.lines() {
        out.line(&line);
    }
    let Some((program, arguments)) = args.command.split_first() else {
        return Err((FAILED, anyhow!("the command is missing; write it after --")));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    platform::run_command(command, sockets, &args, out)
}
