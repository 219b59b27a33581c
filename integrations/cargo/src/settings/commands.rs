//! The subcommands and their arguments: those that talk to a running `cargo devserver`, and the one that
//! measures what a save takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::settings::resolved::{CargoOptions, CommandLine};
use crate::settings::tables::Table;

/// A subcommand.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Subcommands {
    #[command(flatten)]
    Control(Command),

    /// Measure what takes time in a save, and what would make it shorter
    ///
    /// Builds the program if need be, compiles and links it again in a folder of its own below the
    /// target directory, and runs it for a moment. Changes no file of the project. Takes a minute or two.
    #[command(after_help = DOCTOR)]
    Doctor(Doctor),
}

/// A subcommand for a running `cargo devserver`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Print what the running cargo devserver does
    ///
    /// Prints the program, its URLs, whether it serves, and the first error if there is one.
    #[command(after_help = STATUS)]
    Status {
        /// Print also the last output of the program, up to 64 KiB
        #[arg(long = "output")]
        with_output: bool,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        which: Which,
    },

    /// Wait until the files as they are now are served
    ///
    /// Looks for changed files at once, and waits for the build and the restart that they need. So
    /// there is no need to sleep after an edit: `cargo devserver wait && curl ...`.
    #[command(after_help = WAIT)]
    Wait {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        limit: Limit,
        #[command(flatten)]
        which: Which,
    },

    /// Build and restart the program, as the key r does, and wait until it serves
    #[command(after_help = RESTART)]
    Restart {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        limit: Limit,
        /// Do not wait for the end of the build and the restart
        #[arg(long, conflicts_with = "timeout")]
        no_wait: bool,
        #[command(flatten)]
        which: Which,
    },

    /// End the running cargo devserver and its program, and wait until they have ended
    #[command(after_help = STOP)]
    Stop {
        #[command(flatten)]
        which: Which,
    },
}

/// Which devserver.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which devserver")]
pub(crate) struct Which {
    /// The package of its program
    #[arg(short, long, value_name = "NAME")]
    pub(crate) package: Option<String>,

    /// The binary that it runs
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    pub(crate) bin: Option<String>,

    /// The example that it runs
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Option<String>,

    /// Its process id
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,

    /// The directory in which it builds
    #[arg(long, value_name = "DIRECTORY")]
    target_dir: Option<PathBuf>,

    /// The Cargo.toml of its package or workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Debug, Args)]
pub(crate) struct Doctor {
    /// Print the figures as one line of JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,

    /// The package that contains the program
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,

    /// The binary to measure
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    bin: Option<String>,

    /// The example to measure
    #[arg(long, value_name = "NAME")]
    example: Option<String>,

    /// The profile to build with, as for cargo devserver
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,

    /// The directory for all that cargo builds
    #[arg(long, value_name = "DIRECTORY")]
    target_dir: Option<PathBuf>,

    /// The Cargo.toml of the package or the workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,

    /// Arguments for the program
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Output {
    /// Print the status as one line of JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Limit {
    /// Give up after this time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

const STATUS: &str = "\
Exit status:
  0  it runs
  2  it cannot be asked
  3  no cargo devserver runs here";

const WAIT: &str = "\
Exit status:
  0    the files as they are now are served
  1    they do not build, or the program has crashed; stderr says why
  2    it cannot be asked
  3    no cargo devserver runs here
  124  the timeout is over";

const RESTART: &str = "\
Exit status:
  0    the program serves
  1    it does not build, or has crashed; stderr says why
  2    it cannot be asked
  3    no cargo devserver runs here
  124  the timeout is over";

const STOP: &str = "\
Exit status:
  0  it has ended
  2  it cannot be asked
  3  no cargo devserver runs here";

const DOCTOR: &str = "\
Exit status:
  0    it has measured
  1    the program does not build; stderr says why
  2    it cannot measure
  130  it was interrupted";

impl Doctor {
    /// The arguments as those of a `cargo devserver` that is started in this folder.
    pub(crate) fn command_line(&self, folder: PathBuf) -> CommandLine {
        let list = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
        let which = Which {
            package: self.package.clone(),
            bin: self.bin.clone(),
            example: self.example.clone(),
            pid: None,
            target_dir: self.target_dir.clone(),
            manifest_path: self.manifest_path.clone(),
        };
        let mut line = which.command_line(folder);
        line.table.profile.clone_from(&self.profile);
        line.table.features = list(&self.features);
        line.table.args = list(&self.args);
        line
    }
}

impl Which {
    /// The arguments as those of a `cargo devserver` that is started in this folder.
    pub(crate) fn command_line(&self, folder: PathBuf) -> CommandLine {
        CommandLine {
            folder,
            cargo: CargoOptions {
                manifest_path: self.manifest_path.clone(),
                target_dir: self.target_dir.clone(),
                ..CargoOptions::default()
            },
            table: Table {
                package: self.package.clone(),
                bin: self.bin.clone(),
                example: self.example.clone(),
                ..Table::default()
            },
            print_config: false,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "expected a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "expected a number, 0 or more".to_owned())
}
