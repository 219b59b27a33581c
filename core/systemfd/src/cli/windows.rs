//! The options of `systemfd` on Windows, and how it runs the command there.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::anyhow;
use clap::{ColorChoice, Parser};

use super::failure::{FAILED, Failure, not_run};
use super::output::Output;
use crate::program::{RunError, end_with, wrapper_of};
use crate::sockets::{Options, Sockets, Spec};

/// Opens sockets and hands them to a program, so that its restarts refuse no connection.
///
/// systemfd stays while the command runs. Each program below it gets the sockets from it when it asks for
/// them, as programs with the listenfd crate or one of ours do. A program gets them when the one before it
/// has closed its copies or has ended.
#[derive(Debug, Parser)]
#[command(name = "systemfd", version, max_term_width = 100, after_help = EXAMPLES)]
pub(super) struct Args {
    /// A socket to open; may be given several times
    ///
    /// TYPE is tcp, http, https or udp; http and https are tcp, printed as a URL. VALUE is a port (on
    /// 127.0.0.1), host:port or :port (every interface). Without a type it is tcp. NAME goes into
    /// LISTEN_FDNAMES. Unix sockets cannot be handed over on Windows.
    #[arg(short, long = "socket", value_name = "[NAME=][TYPE::]VALUE")]
    pub(super) sockets: Vec<Spec>,

    /// How many connections may wait to be accepted; the system caps it
    #[arg(short, long, value_name = "CONNECTIONS", default_value_t = Options::default().backlog)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    pub(super) backlog: u32,

    /// No effect on Windows: SO_REUSEADDR is never set there, as it would share the port
    #[arg(long)]
    pub(super) no_reuse: bool,

    /// Not offered on Windows
    #[arg(long, hide = true)]
    pub(super) reuse_port: bool,

    /// No effect on Windows: any program below systemfd may ask for the sockets there
    #[arg(long)]
    pub(super) no_pid: bool,

    /// Not offered on Windows
    #[arg(long, hide = true)]
    pub(super) keep: bool,

    /// Print errors only
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// When to color what is printed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorChoice,

    /// The program to run, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  systemfd -s http::3000 -- cargo run
  systemfd -s http::3000 -- watchexec -r -- cargo run
  systemfd -s web=http::3000 -s admin=http::3001 -- server.exe

Exit status: that of the command; 125 when systemfd itself fails, 126 when the command cannot be
executed, 127 when it is not found. When the command ends, all processes below it are ended, too.";

/// How the sockets are opened.
pub(super) fn options(args: &Args) -> Result<Options, Failure> {
    if args.keep {
        return Err((
            FAILED,
            anyhow!(
                "--keep is not offered on Windows, where a program cannot leave its connections to \
                 the next one; leave it out: systemfd stays anyway, and connections are drained"
            ),
        ));
    }
    Ok(Options {
        backlog: args.backlog,
        reuse_address: !args.no_reuse,
        reuse_port: args.reuse_port,
    })
}

/// Starts the command below this process, and ends as it does.
pub(super) fn run_command(
    command: Command,
    sockets: Sockets,
    args: &Args,
    _: &mut Output,
) -> Result<ExitCode, Failure> {
    let program = command.get_program().to_owned();
    let (color, quiet) = (args.color, args.quiet);
    // Warnings come from several threads.
    let warn = move |text: &str| Output::new(color, quiet).line(&format!("warning: {text}"));
    match sockets.run(command, warn) {
        Ok(code) => Ok(end_with(code)),
        Err(RunError::Start(err)) => Err(not_run(&program, &hint(&program), err)),
        Err(err) => Err((FAILED, err.into())),
    }
}

/// How to start a program that the standard library does not find: it looks for `.exe` only.
fn hint(program: &OsStr) -> String {
    match wrapper_of(program) {
        Some(name) => format!(" (without an ending, only .exe files are found; write {name:?})"),
        None => String::new(),
    }
}
