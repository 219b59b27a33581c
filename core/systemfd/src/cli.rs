//! The command line of `systemfd`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::process::{Command, ExitCode};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use anyhow::anyhow;
use clap::{ColorChoice, Parser};
use listenfd_core::internal::{escaped, notify_socket};

use crate::parent::KeepingParent;
use crate::program::ExecError;
use crate::sockets::{Options, Sockets, Spec};

/// Opens sockets and hands them to a program, so that its restarts refuse no connection.
///
/// The program gets the sockets at fd 3 and up, in order, and is told of them as systemd tells it
/// (sd_listen_fds(3)).
#[derive(Debug, Parser)]
#[command(name = "systemfd", version, max_term_width = 100, after_help = EXAMPLES)]
struct Args {
    /// A socket to open; may be given several times
    ///
    /// TYPE is tcp, http, https, udp, unix, unixgram or seqpacket; http and https are tcp, printed
    /// as a URL. VALUE is a port (on 127.0.0.1), host:port, :port (every interface), a path, or
    /// @name for an abstract Unix socket on Linux. Without a type, a value with a slash is unix,
    /// any other tcp. NAME goes into LISTEN_FDNAMES. After a path, ",mode=660", ",user=www" and
    /// ",group=www" set its permissions and owner.
    #[arg(short, long = "socket", value_name = "[NAME=][TYPE::]VALUE")]
    sockets: Vec<Spec>,

    /// How many connections may wait to be accepted; the system caps it
    #[arg(short, long, value_name = "CONNECTIONS", default_value_t = Options::default().backlog)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    backlog: u32,

    /// Do not set SO_REUSEADDR, which lets a port be opened again at once
    #[arg(long)]
    no_reuse: bool,

    /// Set SO_REUSEPORT, so that another program can open the same port at the same time
    #[arg(long, conflicts_with = "no_reuse")]
    reuse_port: bool,

    /// Leave LISTEN_PID out, for a command that starts the server as its child (cargo watch)
    #[arg(long)]
    no_pid: bool,

    /// Stay, and keep connections while the server restarts; implies --no-pid
    ///
    /// A server with hyper-listenfd, axum-listenfd or warp-listenfd leaves its idle connections here
    /// when it ends, and the next server serves them on. The command may start the servers, as a file
    /// watcher does. Run one server at a time, as the same user. Signals are passed on to the command,
    /// and systemfd ends as the command does.
    #[arg(long)]
    keep: bool,

    /// Print errors only
    #[arg(short, long)]
    quiet: bool,

    /// When to color what is printed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,

    /// The program to run, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  systemfd -s http::3000 -- cargo run
  systemfd --keep -s http::3000 -- watchexec -r -- cargo run
  systemfd -s web=http::3000 -s admin=unix::/run/admin.sock,mode=660 -- ./server

Exit status: that of the command; 125 when systemfd itself fails, 126 when the command cannot be
executed, 127 when it is not found.";

/// The exit statuses of `env(1)`, `nohup(1)` and `timeout(1)`.
const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Runs `systemfd` with the arguments of this process. Returns when the program could not be started, or
/// with `--keep`, when it has ended.
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

/// An exit status, and the reason for it.
type Failure = (u8, anyhow::Error);

fn start(args: Args, out: &mut Output) -> Result<ExitCode, Failure> {
    let options = Options {
        backlog: args.backlog,
        reuse_address: !args.no_reuse,
        reuse_port: args.reuse_port,
    };
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
    if args.keep {
        return start_below(command, &sockets, out, Output::new(args.color, args.quiet));
    }
    match sockets.exec(command, !args.no_pid) {
        ExecError::Exec(err) => Err(not_run(program, err)),
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
    let child = parent.spawn(command, !sockets.is_empty()).map_err(|err| not_run(&program, err))?;
    parent.wait(&child).map_err(failed)
}

fn not_run(program: &OsStr, err: io::Error) -> Failure {
    let code = match err.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    };
    (code, anyhow::Error::new(err).context(format!("cannot run {program:?}")))
}

/// Prints to stderr: stdout belongs to the program.
struct Output {
    stream: AutoStream<io::Stderr>,
    quiet: bool,
}

const DIM: Style = Style::new().dimmed().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();

impl Output {
    fn new(color: ColorChoice, quiet: bool) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Output { stream: AutoStream::new(io::stderr(), choice), quiet }
    }

    fn line(&mut self, line: &str) {
        if !self.quiet {
            // The program runs also where stderr is closed.
            let _ = writeln!(self.stream, "{DIM}~>{DIM:#} {CYAN}{}{CYAN:#}", escaped(line));
        }
    }

    fn error(&mut self, err: &anyhow::Error) {
        let _ = writeln!(self.stream, "{RED}systemfd:{RED:#} {}", escaped(format_args!("{err:#}")));
    }
}
