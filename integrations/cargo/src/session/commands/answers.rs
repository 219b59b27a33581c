//! What commands ask for, and when they are answered.

use crate::control::protocol::Request;
use crate::control::server::{Asked, Control};
use crate::control::socket::Bound;
use crate::control::status::{Condition, Status, Target};
use crate::page::state::ProblemKind;
use crate::policy::{Change, Event, Phase};
use crate::run::program::ProgramRun;
use crate::session::Session;
use crate::session::commands::waiters::Waiter;
use crate::session::input::Input;

impl Session {
    /// Serves the socket for commands. Without it, the session goes on.
    pub(in crate::session) fn listen_to_commands(&mut self, bound: anyhow::Result<Bound>) {
        let sender = self.tools.sender.clone();
        let tell = move |asked| sender.send(Input::Asked(asked));
        let program = &self.plan.recipe.program.name;
        match bound {
            Ok(bound) => {
                let number = bound.number();
                let control = Control::serve(bound, &self.plan.target, program, tell);
                self.commands.control = Some(control);
                if number > 1 {
                    self.tools.note(format!(
                        "another cargo devserver runs {program:?} here; commands such as cargo \
                         devserver wait need --pid {}",
                        std::process::id()
                    ));
                }
            }
            Err(err) => self.tools.note(format!(
                "commands such as cargo devserver wait cannot reach this one: {err:#}"
            )),
        }
    }

    /// Takes a command. Returns whether the session goes on.
    pub(in crate::session) fn asked(&mut self, asked: Asked) -> bool {
        let goes_on = match asked.request {
            Request::Restart { .. } => self.apply(Event::Changed(Change::Rebuild)),
            // The second time, it would not be graceful.
            Request::Stop if self.state.phase() != Phase::Leaving => self.apply(Event::Quit),
            Request::Status { .. } | Request::Wait | Request::Stop => true,
        };
        match (asked.request, &self.watching) {
            (Request::Wait | Request::Restart { wait: true }, Some(watching)) => {
                self.commands.add(Waiter { look: watching.look(), answer: asked.answer });
            }
            _ => {
                self.note_condition();
                let has_output = asked.request == Request::Status { output: true };
                let output = has_output.then(|| self.output());
                // An error means that the client is gone.
                let _ = asked.answer.send(Box::new(Status { output, ..self.status() }));
            }
        }
        goes_on
    }

    /// A look of the watcher has ended. Returns whether the session goes on.
    pub(in crate::session) fn looked(&mut self, number: u32) -> bool {
        let is_awaited = self.commands.note_look(number);
        // A build that was put off is for a change that was there when the command came. One that
        // is put off later is not waited for: the builds themselves seem to make these changes.
        let put_off = if is_awaited { self.builds.take_put_off() } else { None };
        put_off.is_none_or(|need| self.build_afterwards(need))
    }

    /// Answers the commands that have waited for this state. To be called after each input.
    pub(in crate::session) fn answer_commands(&mut self) {
        self.note_condition();
        if self.commands.has_waiters() && self.is_settled() {
            for waiter in self.commands.take_ready() {
                let _ = waiter.answer.send(Box::new(self.status()));
            }
        }
    }

    /// Whether nothing will change unless a file does: nothing is under way, and nothing is due for
    /// a change that is known or will be found by the newest rules.
    fn is_settled(&self) -> bool {
        let looked = self.commands.looked;
        let is_behind = self.watching.as_ref().is_some_and(|all| all.is_behind(looked));
        let is_done = self.state.is_settled() || self.condition() == Condition::NeverReady;
        let is_preparing = self.commands.is_reading() || self.builds.is_preparing();
        is_done && !is_behind && !is_preparing
    }

    fn condition(&self) -> Condition {
        let problem = self.tools.live.read(|state| state.problem.as_ref().map(|found| found.kind));
        match (self.state.phase(), problem) {
            (Phase::Leaving, _) => Condition::Stopping,
            (Phase::Building, _) => Condition::Building,
            (Phase::Starting, _) if self.is_late() => Condition::NeverReady,
            (Phase::Starting, _) => Condition::Starting,
            (Phase::Serving, None) => Condition::Serving,
            (_, Some(ProblemKind::Build | ProblemKind::Environment)) => Condition::Failed,
            (Phase::Serving, Some(ProblemKind::NeverReady)) => Condition::NeverReady,
            (Phase::Serving | Phase::Down, _) => Condition::Crashed,
        }
    }

    /// Whether the program that starts takes long.
    fn is_late(&self) -> bool {
        self.commands.late().is_some_and(|run| self.state.awaits(run))
    }

    fn note_condition(&mut self) {
        let boot = self.tools.live.read(|state| state.boot.clone());
        let condition = self.condition();
        self.commands.note_condition(condition, boot);
    }

    fn status(&self) -> Status {
        let (program, newest) = (&self.plan.recipe.program, self.runs.newest());
        let mut page = self.tools.live.read(Clone::clone);
        for diagnostic in page.problem.iter_mut().flat_map(|problem| &mut problem.diagnostics) {
            diagnostic.rendered = anstream::adapter::strip_str(&diagnostic.rendered).to_string();
        }
        Status {
            state: self.condition(),
            since: self.commands.since(),
            pid: std::process::id(),
            program_pid: newest.map(ProgramRun::pid).filter(|pid| *pid > 0),
            urls: self.web.urls(),
            package: program.package.name.to_string(),
            target: if program.is_example { Target::Example } else { Target::Bin },
            built_by: self.builds.built_by,
            output: None,
            page,
        }
    }

    /// The last output of the program that runs, or of the one that has crashed.
    fn output(&self) -> String {
        let text = self.runs.newest().map(ProgramRun::output);
        let crash = || {
            self.tools.live.read(|state| {
                let crash = state.problem.as_ref().filter(|found| found.kind == ProblemKind::Crash);
                crash.map(|found| found.text.clone()).unwrap_or_default()
            })
        };
        text.map_or_else(crash, |text| self.runs.env_files.hide_secrets(&text))
    }
}
