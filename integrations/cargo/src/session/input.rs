//! What comes in from all sides: files, keys, signals, children and timers.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::build::built::{BuildErrors, Built, BuiltBy};
use crate::build::replay::conditions::Known;
use crate::children::launcher::Launcher;
use crate::control::server::Asked;
use crate::page::live::Live;
use crate::policy::{Event, Run};
use crate::project::env_files::EnvFileError;
use crate::run::program;
use crate::session::plan::Plan;
use crate::terminal::keys;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use crate::watch::changes::WatchEvent;
use crate::watch::rules::Need;

/// What comes in.
#[derive(Debug)]
pub(super) enum Input {
    /// An event that needs no details.
    Policy(Event),
    Watch(WatchEvent),
    /// The build waits for another cargo.
    Blocked(String),
    /// The build with this number compiles.
    Compiles(u32, SystemTime),
    /// So many crates of the build with this number are done, of how many if that is known.
    Counts(u32, u32, Option<u32>),
    Built(Option<Built>, BuiltBy),
    /// What is known for a replay after the build with this number.
    Prepared(u32, Box<std::io::Result<Option<Known>>>),
    /// cargo cannot be started.
    NotBuilt(String),
    Run(Run, program::Event),
    Keyboard(keys::Event),
    /// A command from elsewhere.
    Asked(Asked),
    /// The manifests, read again after a build that began at this time.
    Plan(Box<anyhow::Result<Plan>>, SystemTime),
    /// The build has begun, and there is time to start the process of the next run.
    StartAhead,
    /// The pause before the next build is over. Void if a build with a later number has begun.
    BuildAgain(u32, Need),
    /// The pause before a retry is over. Void if the program was started since; these files have
    /// changed.
    Retry(Option<Instant>, Vec<PathBuf>),
    /// Ctrl-C, which reaches our whole process group.
    Interrupted,
    /// Ctrl-Z.
    #[cfg_attr(windows, allow(dead_code, reason = "a process on Windows cannot stop and go on"))]
    Suspended,
    /// The process goes on after Ctrl-Z, or after any other stop.
    #[cfg_attr(windows, allow(dead_code, reason = "a process on Windows cannot stop and go on"))]
    Continued,
}

/// What an event is about. The reports need it, the policy does not.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Files that may be the cure of a crash.
    pub(super) files: Vec<PathBuf>,
    /// Those of them that the program has not written itself.
    pub(super) files_by_others: Vec<PathBuf>,
    /// How long the build took.
    pub(super) build: Duration,
    /// Who has made it.
    pub(super) built_by: BuiltBy,
    /// Why there is nothing new to run.
    pub(super) failure: Option<Failure>,
    /// How a run has ended.
    pub(super) end: program::End,
    /// How long that run took.
    pub(super) ran_for: Duration,
    /// That run.
    pub(super) run: Option<Run>,
}

/// Why there is nothing new to run.
#[derive(Debug)]
pub(super) enum Failure {
    /// The messages of cargo and the compiler.
    Build(BuildErrors),
    Environment(EnvFileError),
}

/// What every part of a session needs.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) launcher: Rc<Launcher>,
    pub(super) screen: Screen,
    pub(super) sender: Sender,
    /// What pages and commands are told.
    pub(super) live: Live,
}

/// Sends inputs to the session.
#[derive(Clone, Debug)]
pub(super) struct Sender(UnboundedSender<Input>);

pub(super) fn channel() -> (Sender, UnboundedReceiver<Input>) {
    let (sender, receiver) = unbounded_channel();
    (Sender(sender), receiver)
}

impl Tools {
    pub(super) fn note(&self, message: String) {
        self.screen.report(&Report::Note { message });
    }
}

impl Sender {
    pub(super) fn send(&self, input: Input) {
        // After its end, the session takes no inputs.
        let _ = self.0.send(input);
    }

    /// Sends it after a pause.
    pub(super) fn send_later(&self, pause: Duration, input: Input) {
        let sender = self.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(pause).await;
            sender.send(input);
        });
    }
}
