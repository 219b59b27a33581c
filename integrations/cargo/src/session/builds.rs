//! What has changed, and what is built of it.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use listenfd_core::internal::escaped_lines;

use super::{Building, Input, Session, Swap};
use crate::build::cargo::{Built, Doing};
use crate::build::inputs::Inputs;
use crate::build::rebuild_loop::Verdict;
use crate::policy::build::Build;
use crate::policy::{BuildEnd, Change, Event};
use crate::project::cargo_config::CargoConfig;
use crate::project::env_file::{EnvFileError, EnvFiles};
use crate::project::withheld::without_configuration;
use crate::session::setup::Plan;
use crate::terminal::report::Report;
use crate::watch::Changes;
use crate::watch::rules::{Kind, is_source};
use crate::web::reason::shortened;

/// What a program writes when it starts, it writes in this time.
const FIRST_MOMENTS: Duration = Duration::from_secs(2);

impl Session {
    pub(super) fn changed(&mut self, changes: Changes) -> bool {
        let near = changes.unrelated.iter().filter(|file| self.plan.rules.is_near(file));
        let near: Vec<_> = near.cloned().collect();
        for message in self.hints.about(&near) {
            self.note(message);
        }
        let change = match changes.kind {
            None => return self.changed_data(&changes.unrelated),
            Some(Kind::Reload) if self.state.has_crashed() => {
                return self.changed_data(&[changes.files, changes.unrelated].concat());
            }
            Some(Kind::Reload) => Change::Reload,
            // There is nothing yet to start anew.
            Some(Kind::Restart) if self.artifact.is_none() => match self.state.build {
                Build::Idle => Change::Build,
                _ => Change::Restart,
            },
            Some(Kind::Restart) => match EnvFiles::read(&self.plan.settings.env_files) {
                Ok(_) => {
                    self.swap = Swap { since: Instant::now(), build: None };
                    Change::Restart
                }
                Err(err) => {
                    self.tell_of_environment(Duration::ZERO, &err);
                    return true;
                }
            },
            Some(kind @ (Kind::Build | Kind::Rebuild)) => {
                let mut files = changes.files;
                files.retain(|file| !self.lock.is_of_the_build(file));
                self.changed.extend(files.iter().cloned());
                return files.is_empty() || self.changed_input(&files, kind);
            }
        };
        self.apply(Event::Changed(change))
    }

    fn changed_input(&mut self, files: &[PathBuf], kind: Kind) -> bool {
        let verdict = match self.may_be_our_own_doing(files) {
            true => self.loops.changed_during(files),
            false => {
                self.loops.changed_between();
                Verdict::Cancel
            }
        };
        match verdict {
            Verdict::Cancel if kind == Kind::Rebuild => self.apply(Event::Changed(Change::Rebuild)),
            Verdict::Cancel => self.apply(Event::Changed(Change::Build)),
            Verdict::Afterwards => self.build_afterwards(kind),
            Verdict::After(pause, is_first) => {
                if is_first {
                    self.note(self.hints.build_writes(files));
                }
                let (inputs, builds) = (self.inputs.clone(), self.builds);
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(pause).await;
                    let _ = inputs.send(Input::BuildAgain(builds, kind));
                });
                true
            }
        }
    }

    /// Builds, but cancels nothing.
    pub(super) fn build_afterwards(&mut self, kind: Kind) -> bool {
        let is_idle = self.state.build == Build::Idle;
        let changes: &[Change] = match (is_idle, kind) {
            (true, Kind::Rebuild) => &[Change::Rebuild],
            (false, Kind::Rebuild) => &[Change::Restart, Change::BuildAfterwards],
            _ => &[Change::BuildAfterwards],
        };
        changes.iter().all(|change| self.apply(Event::Changed(*change)))
    }

    /// Whether the build, or the program at its start, may have changed these files.
    fn may_be_our_own_doing(&self, files: &[PathBuf]) -> bool {
        if self.state.build != Build::Idle {
            return true;
        }
        // What a build has changed may be seen only after it.
        let in_build = |file: &PathBuf| {
            let written = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
            written
                .zip(self.last_build)
                .is_some_and(|(at, (began, ended))| began <= at && at <= ended)
        };
        let is_young = self.last_start.is_some_and(|start| start.elapsed() < FIRST_MOMENTS);
        files.iter().all(|file| in_build(file) || (is_young && !is_source(file)))
    }

    pub(super) fn start_build(&mut self) {
        self.loops.build_begins();
        self.retries.forget();
        self.builds = self.builds.wrapping_add(1);
        if self.plan.settings.clear {
            self.screen.clear();
        }
        let changed = self.changed.drain(..).map(|path| self.hints.short(&path)).collect();
        let program = self.plan.recipe.program.name.clone();
        self.screen.report(&Report::Building { program, changed });
        self.lock.build_begins(self.plan.rules.root.join("Cargo.lock").exists());
        let (doing, done) = (self.inputs.clone(), self.inputs.clone());
        let number = self.builds;
        let began = SystemTime::now();
        let started = self.plan.recipe.start(
            &self.launcher,
            &self.screen,
            move |what| {
                let _ = doing.send(match what {
                    Doing::Waits(message) => Input::Blocked(message.to_owned()),
                    Doing::Compiles => Input::Compiles(number, SystemTime::now()),
                });
            },
            move |built| drop(done.send(Input::Built(built))),
        );
        match started {
            Ok(cancel) => {
                self.building = Some(Building { _cancel: cancel, since: Instant::now(), began });
            }
            Err(err) => {
                self.tell_of_failure(Duration::ZERO, format!("{err:#}\n"));
                let _ = self.inputs.send(Input::Policy(Event::BuildEnded(BuildEnd::Failed)));
            }
        }
    }

    pub(super) fn built(&mut self, built: Option<Built>) -> bool {
        let building = self.building.take();
        let (since, began) = match &building {
            Some(building) => (building.since, building.began),
            None => (Instant::now(), SystemTime::now()),
        };
        self.last_build = Some((began, SystemTime::now()));
        self.lock.build_ended();
        let build = since.elapsed();
        let end = match built {
            None => BuildEnd::Cancelled,
            Some(Built::Bad(message)) => {
                // A macro or a build script may have read them, too.
                let message = self.secrets.hide(&message);
                self.plan.rules.error = Some(message.clone());
                self.tell_of_failure(build, message);
                BuildEnd::Failed
            }
            Some(Built::Good(artifact)) => {
                self.plan.rules.error = None;
                // cargo's configuration counts as it was for this build.
                let config = CargoConfig::read(&self.command_line.folder);
                if self.plan.environment.configure(&config) {
                    self.started = None;
                }
                let is_same = self.started == Some(artifact.identity);
                self.artifact = Some(*artifact);
                // Now, while the old program still runs.
                match EnvFiles::read(&self.plan.settings.env_files) {
                    Ok(_) if is_same => BuildEnd::Same,
                    Ok(_) => BuildEnd::New,
                    Err(err) => {
                        self.tell_of_environment(build, &err);
                        BuildEnd::Unusable
                    }
                }
            }
        };
        let is_good = matches!(end, BuildEnd::New | BuildEnd::Same);
        self.swap = Swap { since: Instant::now(), build: is_good.then_some(build) };
        let runs_before = self.state.program.runs();
        let goes_on = self.apply(Event::BuildEnded(end));
        let is_untouched = !runs_before.is_empty() && runs_before == self.state.program.runs();
        if end == BuildEnd::Same && is_untouched && !self.state.program.is_ending() {
            self.screen.report(&Report::Unchanged { build });
        }
        if end != BuildEnd::Cancelled {
            // After the swap, which has no need to wait for it. After a build that has failed, the
            // artifact is that of an earlier one.
            if let Some(artifact) = self.artifact.as_ref().filter(|_| end != BuildEnd::Failed) {
                self.plan.rules.inputs = Inputs::of(artifact, &self.plan.packages);
            }
            if let Some(watching) = &self.watching {
                watching.built(self.plan.rules.clone(), began);
            }
            self.read_manifests_again();
        }
        goes_on
    }

    fn tell_of_failure(&mut self, build: Duration, message: String) {
        let why = format!("cargo devserver: the build has failed\n\n{}", escaped_lines(&message));
        self.reason = shortened(why);
        self.answers.set_reason(&self.reason);
        let serving = !self.state.program.is_absent();
        let answering = self.can_answer();
        self.screen.report(&Report::Failed { build, message, serving, answering });
    }

    fn tell_of_environment(&mut self, build: Duration, err: &EnvFileError) {
        self.reason = shortened(err.for_requests());
        self.answers.set_reason(&self.reason);
        let (serving, answering) = (!self.state.program.is_absent(), self.can_answer());
        let message = err.to_string();
        self.screen.report(&Report::NoEnvironment { build, message, serving, answering });
    }

    /// Where manifests or cargo's configuration have changed, other packages may be needed, or the
    /// program be another.
    pub(super) fn read_manifests_again(&mut self) {
        if !self.plan.manifests.have_changed() {
            return;
        }
        let (command_line, inputs) = (self.command_line.clone(), self.inputs.clone());
        let settings = self.plan.settings.clone();
        let began = self.last_build.map_or_else(SystemTime::now, |(began, _)| began);
        tokio::task::spawn_blocking(move || {
            let plan = Plan::make(&command_line, Some(settings));
            let _ = inputs.send(Input::Plan(Box::new(plan), began));
        });
    }

    pub(super) fn take_plan(&mut self, plan: anyhow::Result<Plan>, began: SystemTime) -> bool {
        let mut plan = match plan {
            Ok(plan) => plan,
            Err(err) => {
                let why = without_configuration(&format!("{err:#}"));
                self.note(format!("{why}; what was read before still holds"));
                return true;
            }
        };
        if plan.has_other_settings {
            self.note("the settings have changed; start cargo devserver again for them".into());
        }
        plan.rules.inputs = std::mem::take(&mut self.plan.rules.inputs);
        plan.rules.error = self.plan.rules.error.take();
        plan.rules.is_wide = self.plan.rules.is_wide;
        let is_other = plan.recipe.arguments != self.plan.recipe.arguments;
        let starts_otherwise = plan.environment.differs_from(&self.plan.environment);
        self.plan = plan;
        if let Some(watching) = &self.watching {
            watching.built(self.plan.rules.clone(), began);
        }
        match (is_other, starts_otherwise && self.artifact.is_some()) {
            (true, false) => self.apply(Event::Changed(Change::Build)),
            (true, true) => self.apply(Event::Changed(Change::Rebuild)),
            (false, true) => {
                self.swap = Swap { since: Instant::now(), build: None };
                self.apply(Event::Changed(Change::Restart))
            }
            (false, false) => true,
        }
    }
}
