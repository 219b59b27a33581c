//! Starts builds, and knows when they ran and what they may have written.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::build::artifact::Artifact;
use crate::build::built::BuiltBy;
use crate::build::cargo::Cancel;
use crate::build::cargo_lock::CargoLock;
use crate::build::output::progress::Progress;
use crate::build::rebuild_loop::{Decision, RebuildLoop};
use crate::build::replay::conditions::Known;
use crate::build::replay::prepare::GoodBuild;
use crate::build::replay::run::Replays;
use crate::session::input::{Input, Tools};
use crate::session::plan::Plan;
use crate::terminal::hints::Hints;
use crate::terminal::report::Report;
use crate::watch::rules::{Need, is_source};

#[derive(Debug, Default)]
pub(super) struct Builds {
    /// How many builds have begun.
    pub(super) count: u32,
    /// What was built last.
    pub(super) artifact: Option<Artifact>,
    /// The build that runs; dropped when it is cancelled.
    running: Option<Running>,
    /// Whether a build has begun and its end is not noted, cancelled or not.
    is_under_way: bool,
    /// When the last build began and ended.
    last: Option<(SystemTime, SystemTime)>,
    /// Files that have changed since the last build began.
    changed: Vec<PathBuf>,
    /// A build after a pause, and the number of the last build when it was put off.
    put_off: Option<(u32, Need)>,
    rebuild_loop: RebuildLoop,
    cargo_lock: CargoLock,
    /// Who made the last build that has ended.
    pub(super) built_by: Option<BuiltBy>,
    /// Whether cargo made that build, and it was good.
    is_good_by_cargo: bool,
    replays: Replays,
    /// How many preparations of a replay are under way.
    preparations: u32,
}

#[derive(Debug)]
struct Running {
    _cancel: Cancel,
    since: Instant,
    began: SystemTime,
}

impl Builds {
    pub(super) fn start(&mut self, plan: &Plan, hints: &Hints, tools: &Tools) {
        self.rebuild_loop.note_build();
        self.count = self.count.wrapping_add(1);
        self.is_under_way = true;
        if plan.settings.clear {
            tools.screen.clear();
        }
        let files = std::mem::take(&mut self.changed);
        let replay = plan.recipe.recording.is_some().then(|| self.replays.begin(&files)).flatten();
        let changed = files.iter().map(|path| hints.short(path)).collect();
        let program = plan.recipe.program.name.clone();
        tools.screen.report(&Report::Building { program, changed });
        self.cargo_lock.note_build(plan.rules.root.join("Cargo.lock").exists());
        let (progress, done) = (tools.sender.clone(), tools.sender.clone());
        let number = self.count;
        let began = SystemTime::now();
        let started = plan.recipe.start(
            replay,
            &tools.launcher,
            &tools.screen,
            move |now| {
                progress.send(match now {
                    Progress::Blocked(message) => Input::Blocked(message.to_owned()),
                    Progress::Compiles => Input::Compiles(number, SystemTime::now()),
                    Progress::Counts { done, total } => Input::Counts(number, done, total),
                });
            },
            move |built, by| done.send(Input::Built(built, by)),
        );
        match started {
            Ok(cancel) => {
                self.running = Some(Running { _cancel: cancel, since: Instant::now(), began });
            }
            Err(err) => tools.sender.send(Input::NotBuilt(format!("{err:#}\n"))),
        }
    }

    pub(super) fn cancel(&mut self) {
        self.running = None;
    }

    /// The build with this number has begun to compile.
    pub(super) fn note_compiling(&mut self, number: u32, at: SystemTime) {
        if number == self.count {
            self.cargo_lock.note_compiling(at);
        }
    }

    /// The build has ended. Returns when it began, by both clocks.
    pub(super) fn note_ended(&mut self, by: BuiltBy) -> (Instant, SystemTime) {
        let running = self.running.take();
        let began = running.map(|running| (running.since, running.began));
        let began = began.unwrap_or_else(|| (Instant::now(), SystemTime::now()));
        self.last = Some((began.1, SystemTime::now()));
        self.cargo_lock.note_end();
        self.is_under_way = false;
        self.built_by = Some(by);
        began
    }

    /// The build could not be started.
    pub(super) fn note_not_started(&mut self) {
        self.is_under_way = false;
    }

    /// Notes whether the build that has ended was good.
    pub(super) fn note_result(&mut self, is_good: bool) {
        self.is_good_by_cargo = is_good && self.built_by == Some(BuiltBy::Cargo);
    }

    /// Finds out what a replay needs to know, if the last build was a good one by cargo. Files that
    /// have changed since are found to have changed.
    pub(super) fn prepare_replay(&mut self, plan: &Plan, tools: &Tools) {
        if self.is_under_way || !self.is_good_by_cargo {
            return;
        }
        let (Some(setup), Some(artifact), Some(began)) =
            (plan.recipe.recording.clone(), self.artifact.clone(), self.last_began())
        else {
            return;
        };
        let build = GoodBuild {
            setup,
            program: plan.recipe.program.clone(),
            packages: plan.packages.clone(),
            artifact,
            settings: plan.build_settings(),
            env: plan.cargo_env.clone(),
            began,
        };
        self.preparations += 1;
        let (number, sender) = (self.count, tools.sender.clone());
        tokio::task::spawn_blocking(move || {
            sender.send(Input::Prepared(number, Box::new(build.known())));
        });
    }

    /// Takes what a replay needs to know after the build with this number. Without it, or with an
    /// error, cargo makes the next build.
    pub(super) fn take_prepared(&mut self, number: u32, known: std::io::Result<Option<Known>>) {
        self.preparations -= 1;
        if number == self.count && !self.is_under_way {
            self.replays.know(known.ok().flatten());
        }
    }

    /// Whether the next build may be a replay, but what that needs is not known yet.
    pub(super) fn is_preparing(&self) -> bool {
        self.preparations > 0
    }

    /// When the build that runs has begun.
    pub(super) fn running_since(&self) -> Option<SystemTime> {
        self.running.as_ref().map(|running| running.began)
    }

    /// When the last build began.
    pub(super) fn last_began(&self) -> Option<SystemTime> {
        self.last.map(|(began, _)| began)
    }

    /// Those of the files that ask for a build: without a `Cargo.lock` that the build has written.
    pub(super) fn without_own_changes(&mut self, mut files: Vec<PathBuf>) -> Vec<PathBuf> {
        files.retain(|file| !self.cargo_lock.claim_change(file));
        files
    }

    /// The next build starts because of these files.
    pub(super) fn note_changed(&mut self, files: &[PathBuf]) {
        self.changed.extend_from_slice(files);
    }

    /// When to build after these files have changed. `is_young`: the program has just started.
    pub(super) fn decide(&mut self, files: &[PathBuf], is_young: bool) -> Decision {
        if self.may_be_our_own_doing(files, is_young) {
            return self.rebuild_loop.decide(files);
        }
        self.rebuild_loop.note_change_between_builds();
        Decision::Cancel
    }

    /// The next build starts only after a pause. Returns the number of the last build.
    pub(super) fn put_off(&mut self, need: Need) -> u32 {
        self.put_off = Some((self.count, need));
        self.count
    }

    /// The build that was put off, if none has begun since.
    pub(super) fn take_put_off(&mut self) -> Option<Need> {
        let (number, need) = self.put_off.take()?;
        (number == self.count).then_some(need)
    }

    /// Whether the build, or the program at its start, may have changed these files.
    fn may_be_our_own_doing(&self, files: &[PathBuf], is_young: bool) -> bool {
        self.is_under_way
            || files.iter().all(|file| self.has_written(file) || (is_young && !is_source(file)))
    }

    /// Whether a file was written during the last build: that may be noticed only after it.
    fn has_written(&self, file: &Path) -> bool {
        let written = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
        written.zip(self.last).is_some_and(|(at, (began, ended))| began <= at && at <= ended)
    }
}
