//! Does what the policy decides, and tells it what happens.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use listenfd_systemfd::{Scheme, Sockets, Spec};
use rustix::process::Signal;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::answer::{Answers, set_blocking};
use crate::building::{Artifact, Built, Cancel, Identity};
use crate::cli::Args;
use crate::hints::Hints;
use crate::inputs::Inputs;
use crate::keys::{HELP, Key, Keyboard};
use crate::launch::{Group, Launcher};
use crate::loops::{Loops, Verdict};
use crate::policy::build::Build;
use crate::policy::program::Program;
use crate::policy::{Action, BuildEnd, Change, Event, Run, State};
use crate::report::{Mood, Report};
use crate::running::{self, Running, Start};
use crate::screen::Screen;
use crate::setup::Plan;
use crate::sockets;
use crate::watch::rules::Kind;
use crate::watch::{self, Changes, Watching};

/// What comes in from all sides.
#[derive(Debug)]
enum Input {
    Policy(Event),
    Watch(watch::News),
    Blocked(String),
    Built(Option<Built>, Group),
    Run(Run, running::News),
    Key(Key),
    /// The manifests, read again.
    Plan(Box<anyhow::Result<Plan>>),
    /// The terminal is ours again.
    Continued,
}

/// Everything that there is while it runs.
#[derive(Debug)]
pub(crate) struct Session {
    args: Args,
    folder: PathBuf,
    plan: Plan,
    sockets: Sockets,
    /// The variable that tells the program its port, and where that is.
    port: Option<(String, Spec)>,
    launcher: Rc<Launcher>,
    screen: Screen,
    answers: Answers,
    keyboard: Option<Keyboard>,
    watching: Option<Watching>,
    state: State,
    loops: Loops,
    hints: Hints,
    building: Option<Building>,
    /// What was built last.
    artifact: Option<Artifact>,
    /// What was started last.
    started: Option<Identity>,
    runs: HashMap<Run, Running>,
    /// How a run has ended, until that is told.
    last_words: Option<(String, String)>,
    /// Why nothing runs.
    reason: String,
    /// Files that have changed since the last build began.
    changed: Vec<PathBuf>,
    /// When the change began that ends with a program that serves; how long its build took.
    swap: Swap,
    is_opened: bool,
    inputs: UnboundedSender<Input>,
    receiver: Option<UnboundedReceiver<Input>>,
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

/// A change so soon after a build is taken for one during it: it takes a moment to be seen.
const AFTERTHOUGHT: Duration = Duration::from_millis(50);

impl Session {
    pub(crate) fn new(
        args: Args,
        folder: PathBuf,
        plan: Plan,
        sockets: Sockets,
        port: Option<(String, Spec)>,
        launcher: Rc<Launcher>,
        screen: Screen,
    ) -> Self {
        let (inputs, receiver) = unbounded_channel();
        Session {
            answers: Answers::new(plan.settings.allowed_hosts.clone().unwrap_or_default()),
            state: State::new(plan.settings.overlap == Some(true)),
            hints: Hints::new(&folder),
            args,
            folder,
            plan,
            sockets,
            port,
            launcher,
            screen,
            keyboard: None,
            watching: None,
            loops: Loops::default(),
            building: None,
            artifact: None,
            started: None,
            runs: HashMap::new(),
            last_words: None,
            reason: String::new(),
            changed: Vec::new(),
            swap: Swap { since: Instant::now(), build: None },
            is_opened: false,
            inputs,
            receiver: Some(receiver),
        }
    }

    /// Runs until it is told to end.
    ///
    /// # Errors
    ///
    /// When the system does not tell of signals.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let mut inputs = self.receiver.take().context("it runs already")?;
        self.listen_to_signals()?;
        if self.plan.settings.keys != Some(false) {
            let keys = self.inputs.clone();
            self.keyboard = Keyboard::take(move |key| drop(keys.send(Input::Key(key))));
        }
        let news = self.inputs.clone();
        self.watching = Some(Watching::begin(
            self.plan.rules.clone(),
            self.plan.settings.watcher.unwrap_or(crate::config::Watcher::Auto),
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

    fn listen_to_signals(&self) -> anyhow::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let mut signals = signal(kind).context("cannot listen to signals")?;
            let inputs = self.inputs.clone();
            tokio::task::spawn_local(async move {
                while signals.recv().await.is_some() {
                    let _ = inputs.send(Input::Policy(Event::Quit));
                }
            });
        }
        let continued = SignalKind::from_raw(Signal::CONT.as_raw());
        let mut signals = signal(continued).context("cannot listen to signals")?;
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            while signals.recv().await.is_some() {
                let _ = inputs.send(Input::Continued);
            }
        });
        Ok(())
    }

    /// Takes one input; tells whether it goes on.
    fn take(&mut self, input: Input) -> bool {
        match input {
            Input::Policy(event) => return self.apply(event),
            Input::Watch(watch::News::Changed(changes)) => return self.changed(changes),
            Input::Watch(watch::News::Note(message)) => self.note(message),
            Input::Blocked(message) => self.screen.report(&Report::Blocked { message }),
            Input::Built(built, group) => return self.built(built, group),
            Input::Run(run, running::News::Ready) => {
                let goes_on = self.apply(Event::Ready(run));
                self.tell_if_serving(run);
                return goes_on;
            }
            Input::Run(run, running::News::Ended(status, stderr)) => {
                self.last_words = Some((status, stderr));
                return self.apply(Event::Ended(run));
            }
            Input::Key(key) => return self.pressed(key),
            Input::Plan(plan) => return self.take_plan(*plan),
            Input::Continued => {
                if let Some(keyboard) = &self.keyboard {
                    keyboard.set();
                }
            }
        }
        true
    }

    /// Tells the policy, and does what it says; tells whether it goes on.
    fn apply(&mut self, event: Event) -> bool {
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
            Action::Crashed(run) => self.tell_of_crash(run),
            Action::Answer => {
                if let Err(err) = self.answers.begin(&self.sockets, self.reason.clone()) {
                    self.note(format!("requests cannot be answered: {err}"));
                }
            }
            Action::StopAnswering => self.answers.end(),
            Action::Reload => self.screen.report(&Report::Reload),
            Action::Exit => return false,
        }
        true
    }

    fn note(&self, message: String) {
        self.screen.report(&Report::Note { message });
    }

    // Building.

    fn changed(&mut self, changes: Changes) -> bool {
        for message in self.hints.about(&changes.unrelated) {
            self.note(message);
        }
        let change = match changes.kind {
            None => return true,
            Some(Kind::Reload) => Change::Reload,
            Some(Kind::Restart) => {
                self.swap = Swap { since: Instant::now(), build: None };
                Change::Restart
            }
            Some(kind @ (Kind::Build | Kind::Rebuild)) => {
                self.changed.extend(changes.files.iter().cloned());
                let is_idle = self.state.build == Build::Idle
                    && self.swap.build.is_none_or(|_| self.swap.since.elapsed() > AFTERTHOUGHT);
                let verdict = match is_idle {
                    true => {
                        self.loops.changed_between();
                        Verdict::Cancel
                    }
                    false => self.loops.changed_during(&changes.files),
                };
                match verdict {
                    Verdict::Cancel if kind == Kind::Rebuild => Change::Rebuild,
                    Verdict::Cancel => Change::Build,
                    Verdict::Afterwards => Change::BuildAfterwards,
                    Verdict::Nothing(files) => {
                        if let Some(files) = files {
                            self.note(self.hints.build_writes(&files));
                        }
                        return true;
                    }
                }
            }
        };
        self.apply(Event::Changed(change))
    }

    fn start_build(&mut self) {
        self.loops.build_begins();
        if self.plan.settings.clear == Some(true) {
            self.screen.clear();
        }
        let changed = self.changed.drain(..).map(|path| self.hints.short(&path)).collect();
        let program = self.plan.recipe.program.name.clone();
        self.screen.report(&Report::Building { program, changed });
        let (blocked, done) = (self.inputs.clone(), self.inputs.clone());
        let began = SystemTime::now();
        let started = self.plan.recipe.start(
            &self.launcher,
            &self.screen,
            move |message| drop(blocked.send(Input::Blocked(message.to_owned()))),
            move |built, group| drop(done.send(Input::Built(built, group))),
        );
        match started {
            Ok(cancel) => {
                self.building = Some(Building { _cancel: cancel, since: Instant::now(), began });
            }
            Err(err) => {
                self.reason = format!("cargo devserver: {err:#}\n");
                self.note(format!("{err:#}"));
                let _ = self.inputs.send(Input::Policy(Event::BuildEnded(BuildEnd::Failed)));
            }
        }
    }

    fn built(&mut self, built: Option<Built>, group: Group) -> bool {
        self.launcher.ended(group);
        let building = self.building.take();
        let (since, began) = match &building {
            Some(building) => (building.since, building.began),
            None => (Instant::now(), SystemTime::now()),
        };
        let build = since.elapsed();
        let end = match built {
            None => BuildEnd::Cancelled,
            Some(Built::Bad(message)) => {
                self.reason = format!("cargo devserver: the build has failed\n\n{message}");
                let serving = !self.state.program.is_absent();
                self.plan.rules.error = Some(message.clone());
                self.screen.report(&Report::Failed { build, message, serving });
                BuildEnd::Failed
            }
            Some(Built::Good(artifact)) => {
                self.swap = Swap { since: Instant::now(), build: Some(build) };
                self.plan.rules.error = None;
                let is_same = self.started == Some(artifact.identity);
                self.plan.rules.inputs = Inputs::of(&artifact, &self.plan.packages);
                self.artifact = Some(*artifact);
                if is_same { BuildEnd::Same } else { BuildEnd::New }
            }
        };
        let runs_before = self.state.program.runs();
        let goes_on = self.apply(Event::BuildEnded(end));
        let is_untouched = !runs_before.is_empty() && runs_before == self.state.program.runs();
        if end == BuildEnd::Same && is_untouched && !self.state.program.is_ending() {
            self.screen.report(&Report::Unchanged { build });
        }
        if end != BuildEnd::Cancelled {
            // After the swap, which has no need to wait for it.
            if let Some(watching) = &self.watching {
                watching.built(self.plan.rules.clone(), began);
            }
            self.read_manifests_again();
        }
        goes_on
    }

    /// Where manifests have changed, other packages may be needed, or the program be another.
    fn read_manifests_again(&mut self) {
        if !self.plan.manifests.have_changed() {
            return;
        }
        let (args, folder, inputs) = (self.args.clone(), self.folder.clone(), self.inputs.clone());
        tokio::task::spawn_blocking(move || {
            let _ = inputs.send(Input::Plan(Box::new(Plan::make(&args, &folder))));
        });
    }

    fn take_plan(&mut self, plan: anyhow::Result<Plan>) -> bool {
        let mut plan = match plan {
            Ok(plan) => plan,
            Err(err) => {
                self.note(format!("{err:#}; what was read before still holds"));
                self.plan.manifests.look();
                return true;
            }
        };
        if plan.settings.to_toml().ok() != self.plan.settings.to_toml().ok() {
            self.note("the settings have changed; start cargo devserver again for them".into());
        }
        plan.settings = self.plan.settings.clone();
        plan.rules.inputs = std::mem::take(&mut self.plan.rules.inputs);
        plan.rules.error = self.plan.rules.error.take();
        let is_other = plan.recipe.arguments != self.plan.recipe.arguments;
        self.plan = plan;
        if let Some(watching) = &self.watching {
            watching.built(self.plan.rules.clone(), SystemTime::now());
        }
        !is_other || self.apply(Event::Changed(Change::Build))
    }

    // Running.

    fn start(&mut self, run: Run) {
        let started = self.try_start(run);
        match started {
            Ok(running) => drop(self.runs.insert(run, running)),
            Err(err) => {
                let ended = running::News::Ended(format!("{err:#}"), String::new());
                let _ = self.inputs.send(Input::Run(run, ended));
            }
        }
    }

    fn try_start(&mut self, run: Run) -> anyhow::Result<Running> {
        let artifact = self.artifact.as_ref().context("nothing has been built")?;
        self.started = Some(artifact.identity);
        let mut variables = self.plan.environment.of(&self.plan.recipe.program, artifact);
        variables.extend(crate::program_env::from_files(&self.plan.settings)?);
        if let Some((variable, spec)) = &self.port {
            let port = sockets::port(&spec.address).unwrap_or_default();
            variables.insert(variable.clone(), port.to_string().into());
        }
        set_blocking(&self.sockets).context("cannot prepare the sockets")?;
        let inputs = self.inputs.clone();
        let start = Start {
            executable: &artifact.executable,
            arguments: self.plan.settings.args.as_deref().unwrap_or_default(),
            variables,
            sockets: &self.sockets,
            has_keyboard: self.keyboard.is_some(),
            number: run.0,
        };
        start
            .run(&self.launcher, &self.screen, move |news| drop(inputs.send(Input::Run(run, news))))
    }

    fn stop(&self, run: Run) {
        let Some(running) = self.runs.get(&run) else { return };
        running.group.signal(Signal::TERM);
        let (inputs, timeout) = (self.inputs.clone(), self.plan.stop_timeout);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(timeout).await;
            let _ = inputs.send(Input::Policy(Event::StopTimeout(run)));
        });
    }

    fn kill(&self, run: Run) {
        let Some(running) = self.runs.get(&run) else { return };
        running.group.signal(Signal::KILL);
        let (pid, timeout) = (running.group.pid(), self.plan.stop_timeout);
        self.screen.report(&Report::Killed { pid, timeout });
    }

    fn tell_if_serving(&mut self, ready: Run) {
        let is_current = match self.state.program {
            Program::Serving(run) => run == ready,
            Program::Retiring { new, .. } => new == ready,
            _ => false,
        };
        let Some(running) = self.runs.get(&ready).filter(|_| is_current) else { return };
        self.screen.report(&Report::Serving {
            url: self.url(),
            pid: running.group.pid(),
            build: self.swap.build.take(),
            swap: self.swap.since.elapsed(),
        });
        if self.plan.settings.open == Some(true) && !self.is_opened {
            self.open_browser();
        }
        self.is_opened = true;
    }

    fn tell_of_crash(&mut self, run: Run) {
        let after = self.runs.get(&run).map(|running| running.since.elapsed()).unwrap_or_default();
        let (status, stderr) = self.last_words.take().unwrap_or_default();
        let serving = !self.state.program.is_absent();
        let hint = self.hints.about_crash(&stderr, self.port.is_some());
        self.reason = format!("cargo devserver: the program has ended: {status}\n\n{stderr}");
        if let Some(hint) = &hint {
            self.reason.push_str(&format!("\n{hint}\n"));
        }
        self.screen.report(&Report::Crashed { status, after, stderr, hint, serving });
    }

    fn url(&self) -> String {
        if let Some((_, spec)) = &self.port {
            return sockets::url(spec, &spec.address);
        }
        let mut all: Vec<_> = self.sockets.iter().map(|(spec, addr, _)| (spec, addr)).collect();
        all.sort_by_key(|(spec, _)| !matches!(spec.scheme, Scheme::Http | Scheme::Https));
        all.first().map(|(spec, address)| sockets::url(spec, address)).unwrap_or_default()
    }

    // Keys.

    fn pressed(&mut self, key: Key) -> bool {
        match key {
            Key::Rebuild => return self.apply(Event::Changed(Change::Rebuild)),
            Key::Quit => return self.apply(Event::Quit),
            Key::Open => self.open_browser(),
            Key::Clear => self.screen.clear(),
            Key::Help => {
                for (key, meaning) in HELP {
                    self.screen.line(key, meaning, Mood::Plain);
                }
            }
        }
        true
    }

    fn open_browser(&self) {
        if let Err(err) = open::that_detached(self.url()) {
            self.note(format!("cannot open the browser: {err}"));
        }
    }
}
