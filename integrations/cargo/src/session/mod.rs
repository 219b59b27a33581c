//! Does what the policy decides, and tells it what happens.

mod builds;
mod pressed;
mod retries;
mod runs;
pub(crate) mod setup;
mod signals;

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use bytes::Bytes;
use listenfd_systemfd::{Sockets, Spec};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::build::cargo::{Artifact, Built, Cancel, Identity};
use crate::build::cargo_lock::Lock;
use crate::build::rebuild_loop::{Loops, Retries};
use crate::policy::{Action, Change, Event, Run, State};
use crate::project::env_file::EnvFiles;
use crate::project::withheld::Secrets;
use crate::run::fd_store::Kept;
use crate::run::launcher::Launcher;
use crate::run::program::{self, Running};
use crate::session::setup::Plan;
use crate::settings::resolved::CommandLine;
use crate::terminal::hints::Hints;
use crate::terminal::keys::{self, Keyboard};
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use crate::watch::rules::Kind;
use crate::watch::{self, Watching};
use crate::web::answer::Answers;

/// What comes in from all sides.
#[derive(Debug)]
enum Input {
    Policy(Event),
    Watch(watch::News),
    Blocked(String),
    /// The build that is the so many-th one compiles.
    Compiles(u32, SystemTime),
    Built(Option<Built>),
    Run(Run, program::News),
    Keyboard(keys::News),
    /// The manifests, read again after a build that began then.
    Plan(Box<anyhow::Result<Plan>>, SystemTime),
    /// The time to build again has come, if no build has begun since this many.
    BuildAgain(u32, Kind),
    /// The time to start a crashed program again has come, if it was started last then; what has
    /// changed.
    Retry(Option<Instant>, Vec<PathBuf>),
    /// Ctrl-C, which reaches our whole process group.
    Interrupted,
    /// Ctrl-Z.
    Suspended,
    /// After that, and after whatever else has stopped it.
    Continued,
}

/// Everything that there is while it runs.
#[derive(Debug)]
pub(crate) struct Session {
    command_line: CommandLine,
    plan: Plan,
    sockets: Sockets,
    /// The variable that tells the program its port, and where that is.
    port: Option<(String, Spec)>,
    launcher: Rc<Launcher>,
    screen: Screen,
    answers: Answers,
    kept: Kept,
    keyboard: Option<Keyboard>,
    watching: Option<Watching>,
    state: State,
    loops: Loops,
    retries: Retries,
    lock: Lock,
    last_run: LastRun,
    hints: Hints,
    building: Option<Building>,
    /// When the last build began and ended.
    last_build: Option<(SystemTime, SystemTime)>,
    /// How many builds have begun.
    builds: u32,
    /// When the program was started last.
    last_start: Option<Instant>,
    is_interrupted: bool,
    /// What was built last.
    artifact: Option<Artifact>,
    /// What was started last.
    started: Option<Identity>,
    runs: HashMap<Run, Running>,
    /// How a run has ended, until that is told.
    last_words: Option<LastWords>,
    /// Why nothing runs, as requests are told.
    reason: Bytes,
    /// What was in environment files.
    secrets: Secrets,
    /// Files that have changed since the last build began.
    changed: Vec<PathBuf>,
    /// When the change began that ends with a program that serves; how long its build took.
    swap: Swap,
    is_opened: bool,
    inputs: UnboundedSender<Input>,
    receiver: Option<UnboundedReceiver<Input>>,
}

#[derive(Debug, Default)]
struct LastWords {
    end: program::End,
    /// Since the start.
    after: Duration,
}

/// The last run of the program.
#[derive(Debug, Default)]
struct LastRun {
    /// When it was started, and when it has ended.
    began: Option<SystemTime>,
    ended: Option<SystemTime>,
    /// What has changed in between that is no part of the build.
    changed: Vec<PathBuf>,
    /// The start of the run for which a retry is due.
    retried: Option<Instant>,
}

#[derive(Debug)]
struct Building {
    _cancel: Cancel,
    since: Instant,
    began: SystemTime,
}

#[derive(Debug)]
struct Swap {
    since: Instant,
    build: Option<Duration>,
}

impl Session {
    /// Within the event loop.
    ///
    /// # Errors
    ///
    /// When a socket cannot be opened.
    pub(crate) fn new(
        command_line: CommandLine,
        plan: Plan,
        sockets: Sockets,
        port: Option<(String, Spec)>,
        launcher: Rc<Launcher>,
        screen: Screen,
    ) -> anyhow::Result<Self> {
        let (inputs, receiver) = unbounded_channel();
        let overlaps = plan.settings.overlap;
        let answers = Answers::new(plan.settings.allowed_hosts.clone());
        let folder_of_sockets = launcher.folder().context("cannot make a temporary folder")?;
        let kept = Kept::open(&folder_of_sockets, !overlaps, answers.fresh())?;
        // What is wrong with them is told when they are needed.
        let secrets = EnvFiles::read(&plan.settings.env_files).unwrap_or_default().secrets;
        Ok(Session {
            answers,
            kept,
            state: State::new(overlaps),
            hints: Hints::new(&command_line.folder),
            command_line,
            plan,
            sockets,
            port,
            launcher,
            screen,
            keyboard: None,
            watching: None,
            loops: Loops::default(),
            retries: Retries::default(),
            lock: Lock::default(),
            last_run: LastRun::default(),
            building: None,
            last_build: None,
            builds: 0,
            last_start: None,
            is_interrupted: false,
            artifact: None,
            started: None,
            runs: HashMap::new(),
            last_words: None,
            reason: Bytes::new(),
            secrets,
            changed: Vec::new(),
            swap: Swap { since: Instant::now(), build: None },
            is_opened: false,
            inputs,
            receiver: Some(receiver),
        })
    }

    /// Runs until it is told to end.
    ///
    /// # Errors
    ///
    /// When the system does not tell of signals.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let mut inputs = self.receiver.take().context("it runs already")?;
        if self.plan.settings.keys {
            let told = self.inputs.clone();
            let tell = move |news| drop(told.send(Input::Keyboard(news)));
            self.keyboard = Keyboard::listen(Rc::clone(&self.launcher), tell);
        }
        self.listen_to_signals()?;
        let news = self.inputs.clone();
        self.watching = Some(Watching::begin(
            self.plan.rules.clone(),
            self.plan.settings.watcher,
            move |told| drop(news.send(Input::Watch(told))),
        ));
        let mut goes_on = self.apply(Event::Changed(Change::Build));
        while goes_on {
            let Some(input) = inputs.recv().await else { break };
            goes_on = self.take(input);
        }
        self.screen.report(&Report::Stopped);
        Ok(())
    }

    /// Takes one input; tells whether it goes on.
    fn take(&mut self, input: Input) -> bool {
        match input {
            Input::Policy(event) => return self.apply(event),
            Input::Watch(watch::News::Changed(changes)) => return self.changed(changes),
            Input::Watch(watch::News::Note(message)) => self.note(message),
            Input::Blocked(message) => self.screen.report(&Report::Blocked { message }),
            Input::Compiles(build, at) if build == self.builds => self.lock.compiles(at),
            Input::Compiles(..) => {}
            Input::Built(built) => return self.built(built),
            Input::Run(run, program::News::Ready) => {
                let goes_on = self.apply(Event::Ready(run));
                self.tell_if_serving(run);
                return goes_on;
            }
            Input::Run(run, program::News::Ended(mut end)) => {
                // Before anything else is started on the same sockets.
                let after = self.runs.remove(&run).map(|running| running.since.elapsed());
                if self.runs.is_empty() {
                    self.answers.note_ended();
                }
                let after = after.unwrap_or_default();
                end.stderr = self.secrets.hide(&end.stderr);
                self.last_words = Some(LastWords { end, after });
                return self.apply(Event::Ended(run));
            }
            Input::Keyboard(keys::News::Pressed(key)) => return self.pressed(key),
            Input::Plan(plan, began) => return self.take_plan(*plan, began),
            Input::BuildAgain(builds, kind) if builds == self.builds => {
                return self.build_afterwards(kind);
            }
            Input::BuildAgain(..) => {}
            Input::Retry(start, files) => return self.retry_is_due(start, &files),
            Input::Interrupted => {
                self.is_interrupted = true;
                return self.apply(Event::Quit);
            }
            Input::Suspended => self.suspend(),
            Input::Continued | Input::Keyboard(keys::News::Ours) => self.take_keyboard(),
        }
        true
    }

    /// Tells the policy, and does what it says; tells whether it goes on.
    fn apply(&mut self, event: Event) -> bool {
        if event == Event::Quit {
            self.kept.close();
        }
        let actions = self.state.step(event);
        actions.into_iter().all(|action| self.perform(action))
    }

    fn perform(&mut self, action: Action) -> bool {
        match action {
            Action::Build => self.start_build(),
            Action::CancelBuild => self.building = None,
            Action::Start(run) => self.start(run),
            Action::Stop(run) => self.stop(run),
            Action::Kill(run) => self.kill(run),
            Action::Crashed(_) => return self.tell_of_crash(),
            Action::Answer => self.answer(),
            Action::StopAnswering => {
                self.answers.end().into_iter().for_each(|parcel| self.kept.keep(parcel))
            }
            Action::Reload => self.screen.report(&Report::Reload),
            Action::Exit => return false,
        }
        true
    }

    fn answer(&mut self) {
        match self.answers.begin(&self.sockets, self.kept.take(), self.reason.clone()) {
            Ok(None) => {}
            Ok(Some(closed)) => {
                let (count, reason) = (closed.count, closed.reason);
                self.note(format!("{count} connections of the program are closed: {reason}"));
            }
            Err(err) => self.note(format!("requests cannot be answered: {err}")),
        }
    }

    fn note(&self, message: String) {
        self.screen.report(&Report::Note { message });
    }
}
