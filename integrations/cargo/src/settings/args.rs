//! The command line.

use std::path::{Path, PathBuf};

use clap::{ArgAction, ColorChoice, Parser};

use crate::settings::browser::BrowserArgs;
use crate::settings::commands::Subcommands;
use crate::settings::resolved::{CargoOptions, CommandLine};
use crate::settings::tables::Table;
use crate::settings::values::{Glob, Watcher};

/// Builds a program on every save and swaps it without refusing a request.
///
/// Opens the sockets and hands them to the program (sd_listen_fds(3)). After each save it builds
/// the program and starts the new one on the same sockets. Requests wait in between. While no
/// program can run, requests are answered with the reason.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo-devserver", bin_name = "cargo devserver", version)]
#[command(max_term_width = 100, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// The package that contains the program
    #[arg(short, long, value_name = "NAME", help_heading = PROGRAM)]
    package: Option<String>,

    /// The binary to run
    #[arg(long, value_name = "NAME", help_heading = PROGRAM, conflicts_with = "example")]
    bin: Option<String>,

    /// The example to run
    #[arg(long, value_name = "NAME", help_heading = PROGRAM)]
    example: Option<String>,

    /// Build with optimizations; same as --profile release
    #[arg(short, long, help_heading = PROGRAM, conflicts_with = "profile")]
    release: bool,

    /// The profile to build with
    ///
    /// The default is dev with less debug information (line-tables-only), which links faster and
    /// has its own folder in the target directory. Use "dev" to share the builds of cargo build.
    #[arg(long, value_name = "NAME", help_heading = PROGRAM)]
    profile: Option<String>,

    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = PROGRAM)]
    features: Vec<String>,

    /// Activate all features
    #[arg(long, help_heading = PROGRAM)]
    all_features: bool,

    /// Do not activate the default features
    #[arg(long, help_heading = PROGRAM)]
    no_default_features: bool,

    /// The directory for all that cargo builds
    #[arg(long, value_name = "DIRECTORY", help_heading = PROGRAM)]
    target_dir: Option<PathBuf>,

    /// The Cargo.toml of the package or the workspace
    #[arg(long, value_name = "PATH", help_heading = PROGRAM)]
    manifest_path: Option<PathBuf>,

    /// The number of parallel jobs
    #[arg(short, long, value_name = "N", help_heading = PROGRAM)]
    jobs: Option<String>,

    /// Ask cargo at every save, also where only sources of this workspace have changed
    #[arg(long, help_heading = PROGRAM)]
    no_replay: bool,

    /// Fail if Cargo.lock would change
    #[arg(long, help_heading = PROGRAM)]
    locked: bool,

    /// Do not access the network
    #[arg(long, help_heading = PROGRAM)]
    offline: bool,

    /// Same as --locked --offline
    #[arg(long, help_heading = PROGRAM)]
    frozen: bool,

    /// A socket to open, as for systemfd; can be repeated [default: http::3000]
    ///
    /// A value without a type is http. While no program can run, requests on http and Unix sockets
    /// are answered; on other sockets they wait.
    #[arg(short, long, value_name = "[NAME=][TYPE::]VALUE", help_heading = SOCKETS)]
    listen: Vec<String>,

    /// Listen on all interfaces and print the network URLs
    #[arg(long, help_heading = SOCKETS)]
    host: bool,

    /// Fail if a port is in use, instead of taking the next free port
    #[arg(long, help_heading = SOCKETS)]
    strict_port: bool,

    /// Open no socket, but pass a free port to the program in this variable
    #[arg(long, value_name = "VARIABLE", help_heading = SOCKETS)]
    port_env: Option<String>,

    /// Also show errors to requests for this host name
    #[arg(long, value_name = "NAME", help_heading = SOCKETS)]
    allowed_host: Vec<String>,

    #[command(flatten)]
    browser: BrowserArgs,

    /// Build and restart when these files change, too
    #[arg(short, long, value_name = "GLOB", help_heading = WATCHING)]
    watch: Vec<String>,

    /// Ignore changes of these files
    #[arg(short, long, value_name = "GLOB", help_heading = WATCHING)]
    ignore: Vec<String>,

    /// Restart without a build when these files change, such as templates
    #[arg(long, value_name = "GLOB", help_heading = WATCHING)]
    restart: Vec<String>,

    /// Only reload pages when these files change, such as style sheets
    #[arg(long, value_name = "GLOB", help_heading = WATCHING)]
    reload: Vec<String>,

    /// A file with variables for the program, such as .env; a change restarts it
    #[arg(long, value_name = "PATH", help_heading = WATCHING)]
    env_file: Vec<String>,

    /// How to notice changes; auto polls on network, WSL and overlay file systems
    #[arg(long, value_name = "HOW", help_heading = WATCHING)]
    watcher: Option<Watcher>,

    /// Seconds that the old program may take to end before it is killed [default: 5]
    #[arg(long, value_name = "SECONDS", help_heading = SWAPPING)]
    stop_timeout: Option<f64>,

    /// Seconds that a request waits for a build while no program runs [default: 60]
    ///
    /// A browser is shown the build meanwhile. This needs a program with hyper-listenfd,
    /// axum-listenfd or warp-listenfd; the requests of others wait for as long as the build takes.
    #[arg(long, value_name = "SECONDS", help_heading = SWAPPING)]
    hold: Option<f64>,

    /// Stop the old program only when the new one is ready (READY=1)
    #[arg(long, help_heading = SWAPPING)]
    overlap: bool,

    /// Open the browser when the program is ready for the first time
    #[arg(long, help_heading = TERMINAL)]
    open: bool,

    /// Clear the screen before each build
    #[arg(long, help_heading = TERMINAL)]
    clear: bool,

    /// Do not show the program's output in the browser's console
    #[arg(long, help_heading = TERMINAL)]
    no_browser_log: bool,

    /// Leave the keyboard to the program
    #[arg(long, help_heading = TERMINAL)]
    no_keys: bool,

    /// Print errors only
    #[arg(short, long, help_heading = TERMINAL)]
    pub(crate) quiet: bool,

    /// When to use colors
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = TERMINAL)]
    pub(crate) color: ColorChoice,

    /// Print events on stdout, one JSON object a line; the program's stdout goes to stderr
    #[arg(long, help_heading = TERMINAL)]
    pub(crate) json: bool,

    /// Print the settings in force and exit
    #[arg(long, action = ArgAction::SetTrue)]
    print_config: bool,

    /// Arguments for the program
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,

    #[command(subcommand)]
    pub(crate) command: Option<Subcommands>,
}

const PROGRAM: &str = "Program";
const SOCKETS: &str = "Sockets";
const WATCHING: &str = "Watching";
const SWAPPING: &str = "Swapping";
const TERMINAL: &str = "Terminal";

const EXAMPLES: &str = "\
Examples:
  cargo devserver
  cargo devserver -p api -l 8080 -- --verbose
  cargo devserver -l web=http::3000 -l admin=unix::/tmp/admin.sock
  cargo devserver --restart 'templates/**' --reload 'static/**' --env-file .env
  cargo devserver wait && curl http://127.0.0.1:3000/      # while another one runs here

Settings can also be keys of [package.metadata.devserver] or [workspace.metadata.devserver] in
Cargo.toml; --print-config prints them all.

Exit status: 0 after a normal end, 2 if it cannot start.";

impl Args {
    /// The arguments in plain values; `folder` is the current one.
    pub(crate) fn command_line(self, folder: PathBuf) -> CommandLine {
        CommandLine {
            table: self.table(&folder),
            folder,
            cargo: CargoOptions {
                manifest_path: self.manifest_path,
                target_dir: self.target_dir,
                jobs: self.jobs,
                locked: self.locked,
                offline: self.offline,
                frozen: self.frozen,
            },
            print_config: self.print_config,
        }
    }

    fn table(&self, base: &Path) -> Table {
        let list = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
        let globs = |values: &[String]| {
            (!values.is_empty())
                .then(|| values.iter().map(|pattern| Glob::new(base, pattern)).collect())
        };
        let flag = |value: bool| value.then_some(true);
        Table {
            package: self.package.clone(),
            bin: self.bin.clone(),
            example: self.example.clone(),
            profile: if self.release { Some("release".into()) } else { self.profile.clone() },
            features: list(&self.features),
            all_features: flag(self.all_features),
            no_default_features: flag(self.no_default_features),
            replay: self.no_replay.then_some(false),
            listen: list(&self.listen),
            host: flag(self.host),
            strict_port: flag(self.strict_port),
            port_env: self.port_env.clone(),
            allowed_hosts: list(&self.allowed_host),
            browser: self.browser.table(),
            watch: globs(&self.watch),
            ignore: globs(&self.ignore),
            restart: globs(&self.restart),
            reload: globs(&self.reload),
            env_files: globs(&self.env_file),
            watcher: self.watcher,
            stop_timeout: self.stop_timeout,
            hold: self.hold,
            overlap: flag(self.overlap),
            open: flag(self.open),
            clear: flag(self.clear),
            browser_log: self.no_browser_log.then_some(false),
            keys: self.no_keys.then_some(false),
            args: list(&self.args),
        }
    }
}
