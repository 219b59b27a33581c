//! Does what the policy decides, and tells it what happens.
//!
//! A save comes in as an [`input`]; `changes` says what it asks for. The policy answers with
//! actions: `builds` starts a build, `after_build` takes what it has made, `runs` swaps the
//! program, and `reports` says so. `retries` knows what may cure a crash, `web` who answers
//! requests, `terminal` has the keys, `commands` has commands from elsewhere. `setup` comes before all: it goes from the command line to a
//! session, with a `plan` of what to build, watch and run.

mod after_build;
mod builds;
mod changes;
mod commands;
mod input;
mod page;
pub(crate) mod plan;
mod reports;
mod retries;
mod runs;
pub(crate) mod setup;
mod signals;
mod terminal;
mod web;

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use listenfd_core::internal::CAN_HAND_OVER;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::children::launcher::Launcher;
use crate::control::socket::Bound;
use crate::page::live::Live;
use crate::page::random;
use crate::page::state::PageState;
use crate::policy::{Action, Change, Event, Run, State};
use crate::project::dependencies::Adapters;
use crate::project::env_files::EnvFiles;
use crate::run::program;
use crate::settings::resolved::CommandLine;
use crate::terminal::keys::{self, Key};
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use crate::watch::changes::WatchEvent;
use crate::watch::thread::Watching;
use builds::Builds;
use commands::waiters::Commands;
use input::{Details, Input, Tools};
use page::{Opened, Serving, variable};
use plan::Plan;
use retries::Retries;
use runs::Runs;
use terminal::{Terminal, open_browser, shares_keyboard, show_help};
use web::Web;

/// A running `cargo devserver`.
#[derive(Debug)]
pub(crate) struct Session {
    command_line: CommandLine,
    plan: Plan,
    state: State,
    watching: Option<Watching>,
    builds: Builds,
    runs: Runs,
    serving: Serving,
    retries: Retries,
    web: Web,
    terminal: Terminal,
    commands: Commands,
    tools: Tools,
}

impl Session {
    /// Runs until it is told to end, within the event loop.
    ///
    /// # Errors
    ///
    /// When a socket cannot be opened, or the system does not tell of signals.
    pub(crate) async fn run(
        command_line: CommandLine,
        plan: Plan,
        opened: Opened,
        commands: anyhow::Result<Bound>,
        launcher: Rc<Launcher>,
        screen: Screen,
    ) -> anyhow::Result<()> {
        let (sender, receiver) = input::channel();
        let env_files = EnvFiles::read(&plan.settings.env_files);
        let live = live(&plan)?;
        let tools = Tools { launcher, screen, sender, live };
        let holds = holds(&plan, !opened.sockets.is_empty());
        let mut session = Session {
            state: State::new(plan.settings.overlap, holds),
            watching: None,
            builds: Builds::default(),
            runs: Runs::new(env_files),
            serving: Serving::default(),
            retries: Retries::default(),
            web: Web::new(opened, &plan.settings, holds, &tools)?,
            terminal: Terminal::new(&command_line.folder),
            commands: Commands::default(),
            tools,
            command_line,
            plan,
        };
        session.listen_to_commands(commands);
        session.web.follow(&session.plan);
        session.take_all(receiver).await
    }

    async fn take_all(mut self, mut inputs: UnboundedReceiver<Input>) -> anyhow::Result<()> {
        if self.plan.settings.keys {
            self.terminal.listen_to_keys(&self.tools);
        }
        self.tools.sender.listen_to_signals(self.terminal.has_keyboard())?;
        let sender = self.tools.sender.clone();
        self.watching = Some(Watching::begin(
            self.plan.rules.clone(),
            self.plan.settings.watcher,
            move |event| sender.send(Input::Watch(event)),
        ));
        let mut goes_on = self.apply(Event::Changed(Change::Build));
        while goes_on {
            let Some(input) = inputs.recv().await else { break };
            goes_on = self.take(input);
            self.answer_commands();
        }
        self.tools.screen.report(&Report::Stopped);
        Ok(())
    }

    /// Takes one input. Returns whether it goes on.
    fn take(&mut self, input: Input) -> bool {
        match input {
            Input::Policy(event) => return self.apply(event),
            Input::Watch(WatchEvent::Changed(changes)) => return self.changed(changes),
            Input::Watch(WatchEvent::Note(message)) => self.tools.note(message),
            Input::Watch(WatchEvent::Looked(number)) => return self.looked(number),
            Input::Asked(asked) => return self.asked(asked),
            Input::Blocked(message) => self.tools.screen.report(&Report::Blocked { message }),
            Input::Compiles(number, at) => self.builds.note_compiling(number, at),
            Input::Counts(number, done, total) => self.count_crates(number, done, total),
            Input::Built(built, by) => return self.built(built, by),
            Input::Prepared(number, known) => self.builds.take_prepared(number, *known),
            Input::NotBuilt(message) => return self.not_built(message),
            Input::Run(run, program::Event::Ready) => return self.apply(Event::Ready(run)),
            Input::Run(run, program::Event::Ended(end)) => return self.ended(run, end),
            Input::Run(run, program::Event::Said(said)) => self.said(run, said),
            Input::Run(run, program::Event::Late(output)) => self.note_late(run, &output),
            Input::Keyboard(keys::Event::Pressed(key)) => return self.pressed(key),
            Input::Plan(plan, began) => return self.take_plan(*plan, began),
            Input::StartAhead => {
                self.runs.start_ahead(&self.plan.settings, &self.web, &self.tools);
            }
            Input::BuildAgain(number, need) => {
                return number != self.builds.count || self.build_afterwards(need);
            }
            Input::Retry(start, files) => {
                let details = Details { files, ..Details::default() };
                return !self.retries.is_current(start)
                    || self.apply_with(Event::Changed(Change::Retry), details);
            }
            Input::Interrupted => {
                self.terminal.is_interrupted = true;
                return self.apply(Event::Quit);
            }
            Input::Suspended => self.terminal.suspend(),
            Input::Continued | Input::Keyboard(keys::Event::Ours) => self.terminal.take_keyboard(),
        }
        true
    }

    fn ended(&mut self, ended: Run, mut end: program::End) -> bool {
        // Before anything else is started on the same sockets.
        let ran_for = self.runs.note_ended(ended, &self.web);
        end.stderr = self.runs.env_files.hide_secrets(&end.stderr);
        end.output = self.runs.env_files.hide_secrets(&end.output);
        let files = self.retries.remembered();
        let run = Some(ended);
        let details = Details { end, ran_for, files, run, ..Details::default() };
        self.apply_with(Event::Ended(ended), details)
    }

    fn pressed(&mut self, key: Key) -> bool {
        match key {
            Key::Rebuild => return self.apply(Event::Changed(Change::Rebuild)),
            Key::Quit => return self.apply(Event::Quit),
            Key::Open => open_browser(&self.web.url(), &self.tools),
            Key::Clear => self.tools.screen.clear(),
            Key::Help => show_help(&self.tools),
        }
        true
    }

    /// Gives the policy an event, and performs its actions. Returns whether it goes on.
    fn apply(&mut self, event: Event) -> bool {
        self.apply_with(event, Details::default())
    }

    fn apply_with(&mut self, event: Event, mut details: Details) -> bool {
        let actions = self.state.step(event);
        let goes_on = actions.into_iter().all(|action| self.perform(action, &mut details));
        self.show_starting();
        goes_on
    }

    fn perform(&mut self, action: Action, details: &mut Details) -> bool {
        let tools = &self.tools;
        match action {
            Action::Build => {
                self.retries.note_build();
                self.builds.start(&self.plan, &self.terminal.hints, tools);
                // Later, so that it does not slow the start of the build down.
                tools.sender.send_later(AHEAD_AFTER, Input::StartAhead);
            }
            Action::CancelBuild => self.builds.cancel(),
            Action::Start(run) => {
                self.retries.note_start();
                let artifact = self.builds.artifact.as_ref();
                self.runs.start(run, artifact, &self.plan, &self.web, tools);
            }
            Action::Stop(run) => {
                let settings = &self.plan.settings;
                let is_asked = Launcher::SHARES_CTRL_C
                    && self.terminal.is_interrupted
                    && shares_keyboard(settings);
                self.runs.stop(run, is_asked, settings.stop_timeout, tools);
            }
            Action::Kill(run) => self.runs.kill(run, tools),
            Action::Answer => self.web.answer(tools),
            Action::AnswerWhileBuilding => self.web.answer_while_building(tools),
            Action::StopAnswering => self.web.stop_answering(),
            Action::CloseStore => self.web.store.close(),
            Action::Reload => tools.screen.report(&Report::Reload { styles: false }),
            Action::ReloadPages { styles } => self.reload_pages(styles),
            Action::RememberData => self.retries.remember(&details.files),
            Action::RetryLater => {
                self.retries.retry_later(std::mem::take(&mut details.files), tools);
            }
            Action::TellRetry => self.tell_retry(details),
            Action::TellServing(run) => self.tell_serving(run),
            Action::TellCrash { serving } => self.tell_crash(details, serving),
            Action::TellFailure { serving } => self.tell_failure(details, serving),
            Action::TellUnchanged => {
                tools.screen.report(&Report::Unchanged {
                    build: details.build,
                    built_by: details.built_by,
                });
                self.note_unchanged();
            }
            Action::Exit => return false,
        }
        true
    }

    /// Watches by the rules as they are now. Changes since `began` count.
    fn watch_by_rules(&self, began: SystemTime) {
        if let Some(watching) = &self.watching {
            watching.follow(self.plan.rules.clone(), began);
        }
    }
}

/// How long after the start of a build the process of the next run is started. A build takes longer.
const AHEAD_AFTER: Duration = Duration::from_millis(20);

/// Whether requests wait here during a build: the program takes those that have been accepted.
fn holds(plan: &Plan, has_sockets: bool) -> bool {
    let adapters = Adapters::of(&plan.packages, &plan.rules.root);
    CAN_HAND_OVER && adapters.hyper && has_sockets && !plan.settings.overlap
}

/// The state at the start of a session.
fn live(plan: &Plan) -> anyhow::Result<Live> {
    let session = random::text::<8>().context("the system has no random numbers")?;
    let program = plan.recipe.program.name.clone();
    let has_log = plan.settings.browser_log;
    let browser = &plan.settings.browser;
    let (editor, _) = browser.editor.editor(&variable);
    let state = PageState { session, program, has_log, editor, ..PageState::default() };
    let paths = browser.paths_for_pages(&state.editor);
    Ok(Live::new(state).with_paths(paths))
}
