//! Starts and stops the runs of the program.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use listenfd_core::internal::page_socket;

use crate::build::artifact::{Artifact, Identity};
use crate::build::built::BuiltBy;
use crate::children::launcher::{Launcher, Started};
use crate::children::role::Role;
use crate::policy::{Event, Run};
use crate::project::dependencies::Adapters;
use crate::project::env_files::EnvFiles;
use crate::run::ahead;
use crate::run::executable::Executable;
use crate::run::program::{self, ProgramRun, Start};
use crate::run::ready::Readiness;
use crate::session::input::{Input, Tools};
use crate::session::plan::Plan;
use crate::session::terminal::shares_keyboard;
use crate::session::web::Web;
use crate::settings::listen;
use crate::settings::resolved::Settings;
use crate::terminal::report::Report;
use crate::web::held_sockets::set_blocking;

#[derive(Debug)]
pub(super) struct Runs {
    all: HashMap<Run, ProgramRun>,
    /// The process of the next run, started ahead.
    ahead: Option<Started>,
    /// The file that was started last.
    started: Option<Identity>,
    pub(super) env_files: EnvFiles,
    /// Whether the program has one of our adapters, by a `Cargo.lock` of this time.
    has_adapter: Option<(Option<SystemTime>, bool)>,
    swap: Swap,
}

/// The change that ends with a program that serves.
#[derive(Debug)]
struct Swap {
    since: Instant,
    /// How long its build took, and who made it.
    build: Option<(Duration, BuiltBy)>,
}

impl Runs {
    pub(super) fn new(env_files: EnvFiles) -> Self {
        let swap = Swap { since: Instant::now(), build: None };
        let (all, ahead, started) = (HashMap::new(), None, None);
        Runs { all, ahead, started, env_files, has_adapter: None, swap }
    }

    /// A swap begins, after a build that took so long and was made so.
    pub(super) fn begin_swap(&mut self, build: Option<(Duration, BuiltBy)>) {
        self.swap = Swap { since: Instant::now(), build };
    }

    /// Whether this file was started last, with the same environment.
    pub(super) fn is_started(&self, artifact: &Artifact) -> bool {
        self.started == Some(artifact.identity)
    }

    /// Another start of the same file would not be the same.
    pub(super) fn forget_started(&mut self) {
        self.started = None;
    }

    /// Starts the process of the next run, unless there is one.
    pub(super) fn start_ahead(&mut self, settings: &Settings, web: &Web, tools: &Tools) {
        if self.ahead.is_none() {
            let (launcher, screen, has_log) =
                (&tools.launcher, &tools.screen, settings.browser_log);
            let started = ahead::start(launcher, screen, &web.sockets, role(settings), has_log);
            // Where it cannot be started, the run itself will say why.
            self.ahead = started.ok().flatten();
        }
    }

    pub(super) fn start(
        &mut self,
        run: Run,
        artifact: Option<&Artifact>,
        plan: &Plan,
        web: &Web,
        tools: &Tools,
    ) {
        let artifact = artifact.context("nothing has been built");
        let started = artifact.and_then(|artifact| self.try_start(run, artifact, plan, web, tools));
        match started {
            Ok(running) => {
                self.all.insert(run, running);
                web.answers.note_started(web.store.is_offered_with(&web.sockets));
            }
            Err(err) => {
                let end = program::End { status: format!("{err:#}"), ..Default::default() };
                tools.sender.send(Input::Run(run, program::Event::Ended(end)));
            }
        }
    }

    fn try_start(
        &mut self,
        run: Run,
        artifact: &Artifact,
        plan: &Plan,
        web: &Web,
        tools: &Tools,
    ) -> anyhow::Result<ProgramRun> {
        self.started = Some(artifact.identity);
        let (program_env, settings) = (&plan.program_env, &plan.settings);
        let mut variables = self.variables(artifact, plan, web)?;
        if let Some(announcement) = web.announcement(run, tools)? {
            variables.insert(page_socket::VARIABLE.into(), announcement);
        }
        let executable = Executable::of(&artifact.executable);
        let (program, mut arguments) = program_env.command(executable.path());
        arguments.extend(settings.args.iter().map(OsString::from));
        // Not while a program accepts from them.
        if self.all.is_empty() {
            set_blocking(&web.sockets).context("cannot prepare the sockets")?;
        }
        let start = Start {
            program: &program,
            arguments: &arguments,
            executable,
            variables,
            sockets: &web.sockets,
            fd_store: &web.store,
            ahead: self.ahead.take(),
            role: role(settings),
            readiness: self.readiness(plan),
            has_log: settings.browser_log,
            number: run.0,
        };
        let sender = tools.sender.clone();
        let tell = move |event| sender.send(Input::Run(run, event));
        start.run(&tools.launcher, &tools.screen, tell)
    }

    fn variables(
        &mut self,
        artifact: &Artifact,
        plan: &Plan,
        web: &Web,
    ) -> anyhow::Result<BTreeMap<String, OsString>> {
        let mut variables = plan.program_env.of(&plan.recipe.program, artifact);
        variables.extend(self.env_files.variables()?.clone());
        if let Some((variable, spec)) = &web.port {
            let port = listen::port(&spec.address).unwrap_or_default();
            variables.insert(variable.clone(), port.to_string().into());
        }
        if plan.program_env.has_runner()
            && let Some((name, value)) = Launcher::BELOW_RUNNER
        {
            variables.insert(name.into(), value.into());
        }
        Ok(variables)
    }

    fn readiness(&mut self, plan: &Plan) -> Readiness {
        if plan.settings.overlap {
            return Readiness::Overlaps;
        }
        let root = &plan.rules.root;
        let lock = std::fs::metadata(root.join("Cargo.lock")).and_then(|file| file.modified()).ok();
        // Reading the file takes longer than all else before a start.
        let known = self.has_adapter.filter(|(at, _)| lock.is_some() && *at == lock);
        let (_, has_adapter) = *self
            .has_adapter
            .insert(known.unwrap_or_else(|| (lock, Adapters::of(&plan.packages, root).is_any())));
        if has_adapter { Readiness::Says } else { Readiness::Accepts }
    }

    /// Asks a run to end. `is_asked`: Ctrl-C has reached it already, and a second signal would end
    /// it at once.
    pub(super) fn stop(&mut self, run: Run, is_asked: bool, timeout: Duration, tools: &Tools) {
        let Some(running) = self.all.get_mut(&run) else { return };
        running.asked = Some(Instant::now());
        if !is_asked {
            running.stop();
        }
        tools.sender.send_later(timeout, Input::Policy(Event::StopTimeout(run)));
    }

    pub(super) fn kill(&self, run: Run, tools: &Tools) {
        let Some(running) = self.all.get(&run) else { return };
        running.kill();
        let after = running.asked.map(|asked| asked.elapsed()).unwrap_or_default();
        tools.screen.report(&Report::Killed { pid: running.pid(), after });
    }

    /// The newest run, if any runs.
    pub(super) fn newest(&self) -> Option<&ProgramRun> {
        self.all.iter().max_by_key(|(run, _)| **run).map(|(_, running)| running)
    }

    /// A run has ended. Returns how long it took.
    pub(super) fn note_ended(&mut self, run: Run, web: &Web) -> Duration {
        let after = self.all.remove(&run).map(|running| running.since.elapsed());
        if self.all.is_empty() {
            web.answers.note_ended();
        }
        after.unwrap_or_default()
    }

    /// The swap has ended: this run serves. Returns the report.
    pub(super) fn end_swap(&mut self, run: Run, url: String) -> Option<Report> {
        let running = self.all.get(&run)?;
        let (build, swap) = (self.swap.build.take(), self.swap.since.elapsed());
        let (build, built_by) = build.unzip();
        Some(Report::Serving { url, pid: running.pid(), build, built_by, swap })
    }
}

fn role(settings: &Settings) -> Role {
    if shares_keyboard(settings) { Role::ProgramWithKeyboard } else { Role::Program }
}
