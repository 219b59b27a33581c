//! What has changed, and what is built of it.

use std::time::{Duration, Instant, SystemTime};

use super::{Building, Input, Session, Swap};
use crate::building::Built;
use crate::inputs::Inputs;
use crate::launch::Group;
use crate::loops::Verdict;
use crate::policy::build::Build;
use crate::policy::{BuildEnd, Change, Event};
use crate::report::Report;
use crate::setup::Plan;
use crate::watch::Changes;
use crate::watch::rules::Kind;

/// A change so soon after a build is taken for one during it: it takes a moment to be seen.
const AFTERTHOUGHT: Duration = Duration::from_millis(50);

impl Session {
    pub(super) fn changed(&mut self, changes: Changes) -> bool {
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
                    && self.build_ended.is_none_or(|ended| ended.elapsed() > AFTERTHOUGHT);
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
                    Verdict::Afterwards => {
                        if kind == Kind::Rebuild {
                            self.apply(Event::Changed(Change::Restart));
                        }
                        Change::BuildAfterwards
                    }
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

    pub(super) fn start_build(&mut self) {
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

    pub(super) fn built(&mut self, built: Option<Built>, group: Group) -> bool {
        self.launcher.ended(group);
        let building = self.building.take();
        self.build_ended = Some(Instant::now());
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
    pub(super) fn read_manifests_again(&mut self) {
        if !self.plan.manifests.have_changed() {
            return;
        }
        let (args, folder, inputs) = (self.args.clone(), self.folder.clone(), self.inputs.clone());
        tokio::task::spawn_blocking(move || {
            let _ = inputs.send(Input::Plan(Box::new(Plan::make(&args, &folder))));
        });
    }

    pub(super) fn take_plan(&mut self, plan: anyhow::Result<Plan>) -> bool {
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
}
