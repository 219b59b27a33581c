//! The options of `systemfd` on Unix, and how it runs the command there.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use clap::{ColorChoice, Parser};
use listenfd_core::internal::{CAN_HAND_OVER, notify_socket};

use super::failure::{FAILED, Failure, not_run};
use super::output::Output;
use crate::parent::KeepingParent;
use crate::program::ExecError;
use crate::sockets::{Options, Sockets, Spec};

/// Opens sockets and hands them to a program, so that its restarts refuse no connection.
///
/// The program gets the sockets at fd 3 and up, in order, and is told of them as systemd tells it
/// (sd_listen_fds(3)).
#[derive(Debug, Parser)]
#[command(name = "systemfd", version, max_term_width = 100, after_help = EXAMPLES)]
pub(super) struct Args {
    /// A socket to open; may be given several times
    ///
    /// TYPE is tcp, http, https, udp, unix, unixgram or seqpacket; http and https are tcp, printed
    /// as a URL. VALUE is a port (on 127.0.0.1), host:port, :port (every interface), a path, or
    /// @name for an abstract Unix socket on Linux. Without a type, a value with a slash is unix,
    /// any other tcp. NAME goes into LISTEN_FDNAMES. After a path, ",mode=660", ",user=www" and
    /// ",group=www" set its permissions and owner.
    #[arg(short, long = "socket", value_name = "[NAME=][TYPE::]VALUE")]
    pub(super) sockets: Vec<Spec>,

    /// How many connections may wait to be accepted; the system caps it
    #[arg(short, long, value_name = "CONNECTIONS", default_value_t = Options::default().backlog)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    pub(super) backlog: u32,

    /// Do not set SO_REUSEADDR, which lets a port be opened again at once
    #[arg(long)]
    pub(super) no_reuse: bool,

    /// Set SO_REUSEPORT, so that another program can open the same port at the same time
    #[arg(long, conflicts_with = "no_reuse")]
    pub(super) reuse_port: bool,

    /// Leave LISTEN_PID out, for a command that starts the server as its child (cargo watch)
    #[arg(long)]
    pub(super) no_pid: bool,

    /// Stay, and keep connections while the server restarts; implies --no-pid
    ///
    /// A server with hyper-listenfd, axum-listenfd or warp-listenfd leaves its idle connections here
    /// when it ends, and the next server serves them on. The command may start the servers, as a file
    /// watcher does. Run one server at a time, as the same user. Signals are passed on to the command,
    /// and systemfd ends as the command does.
    #[arg(long)]
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
  systemfd --keep -s http::3000 -- watchexec -r -- cargo run
  systemfd -s web=http::3000 -s admin=unix::/run/admin.sock,mode=660 -- ./server

Exit status: that of the command; 125 when systemfd itself fails, 126 when the command cannot be
executed, 127 when it is not found.";

/// How the sockets are opened.
pub(super) fn options(args: &Args) -> Result<Options, Failure> {
    Ok(Options {
        backlog: args.backlog,
        reuse_address: !args.no_reuse,
        reuse_port: args.reuse_port,
    })
}

/// Becomes the command, or with `--keep`, starts it below this process and ends as it does.
pub(super) fn run_command(
    command: Command,
    sockets: Sockets,
    args: &Args,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    if args.keep {
        return start_below(command, &sockets, out, Output::new(args.color, args.quiet));
    }
    let program = command.get_program().to_owned();
    match sockets.exec(command, !args.no_pid) {
        ExecError::Exec(err) => Err(not_run(&program, "", err)),
        err => Err((FAILED, err.into())),
    }
}

/// Starts the command below this process, and keeps connections until it ends; `later` shows warnings
/// meanwhile.
fn start_below(
    mut command: Command,
    sockets: &Sockets,
    out: &mut Output,
    mut later: Output,
) -> Result<ExitCode, Failure> {
    let failed = |err| (FAILED, err);
    let manager = notify_socket::address().unwrap_or_else(|err| {
        out.line(&format!("warning: no messages are sent to the service manager: {err}"));
        None
    });
    let warn = move |text: &str| later.line(&format!("warning: {text}"));
    let parent = KeepingParent::begin(manager, warn).map_err(failed)?;
    let no_others = std::iter::empty();
    sockets.hand_to(&mut command, no_others).map_err(|err| failed(err.into()))?;
    let program = command.get_program().to_owned();
    // Where connections are not safe on their way, servers drain them.
    let is_offered = CAN_HAND_OVER && !sockets.is_empty();
    let child = parent.spawn(command, is_offered).map_err(|err| not_run(&program, "", err))?;
    parent.wait(&child).map_err(failed)
}
