//! A build has ended: what it has made, and whether the manifests ask for more.

use std::time::{Duration, SystemTime};

use crate::build::artifact::Artifact;
use crate::build::built::{BuildErrors, Built, BuiltBy};
use crate::build::inputs::Inputs;
use crate::policy::{BuildEnd, Change, Event};
use crate::project::cargo_config::CargoConfig;
use crate::project::cargo_errors::without_configuration;
use crate::session::Session;
use crate::session::input::{Details, Failure, Input};
use crate::session::plan::Plan;

impl Session {
    /// cargo cannot be started.
    pub(super) fn not_built(&mut self, message: String) -> bool {
        self.builds.note_not_started();
        let errors = BuildErrors { text: message, ..BuildErrors::default() };
        let failure = Some(Failure::Build(errors));
        let details = Details { failure, build: Duration::ZERO, ..Details::default() };
        let goes_on = self.apply_with(Event::BuildEnded(BuildEnd::Failed), details);
        self.note_build_end(None);
        goes_on
    }

    pub(super) fn built(&mut self, built: Option<Built>, by: BuiltBy) -> bool {
        let (since, began) = self.builds.note_ended(by);
        let build = since.elapsed();
        let warnings = match &built {
            None => None,
            Some(Built::Good(_, warnings)) => Some(*warnings),
            Some(Built::Bad(errors)) => Some(errors.diagnostics.warnings),
        };
        let (end, failure) = match built {
            None => (BuildEnd::Cancelled, None),
            Some(Built::Bad(mut errors)) => {
                // A macro or a build script may have printed secrets, too.
                errors.text = self.runs.env_files.hide_secrets(&errors.text);
                self.plan.rules.error = Some(errors.text.clone());
                (BuildEnd::Failed, Some(Failure::Build(errors)))
            }
            Some(Built::Good(artifact, _)) => self.take_artifact(*artifact),
        };
        let is_good = matches!(end, BuildEnd::New | BuildEnd::Same);
        self.builds.note_result(is_good || end == BuildEnd::Unusable);
        self.runs.begin_swap(is_good.then_some((build, by)));
        let details = Details { failure, build, built_by: by, ..Details::default() };
        let goes_on = self.apply_with(Event::BuildEnded(end), details);
        self.note_build_end(warnings);
        // After the swap, which need not wait for it.
        if end != BuildEnd::Cancelled {
            self.watch_inputs(end, began);
            if !self.read_manifests_again() {
                self.builds.prepare_replay(&self.plan, &self.tools);
            }
        }
        goes_on
    }

    fn take_artifact(&mut self, artifact: Artifact) -> (BuildEnd, Option<Failure>) {
        self.plan.rules.error = None;
        self.serving.note_build(None);
        // cargo's configuration counts as it was for this build.
        let config = CargoConfig::read(&self.command_line.folder);
        if self.plan.program_env.configure(&config) {
            self.runs.forget_started();
        }
        let is_same = self.runs.is_started(&artifact);
        self.builds.artifact = Some(artifact);
        // Now, while the old program still runs.
        match self.runs.env_files.read_again() {
            Ok(()) if is_same => (BuildEnd::Same, None),
            Ok(()) => (BuildEnd::New, None),
            Err(err) => (BuildEnd::Unusable, Some(Failure::Environment(err))),
        }
    }

    fn watch_inputs(&mut self, end: BuildEnd, began: SystemTime) {
        // After a build that has failed, the artifact is that of an earlier one.
        let artifact = self.builds.artifact.as_ref().filter(|_| end != BuildEnd::Failed);
        if let Some(artifact) = artifact {
            self.plan.rules.inputs = Inputs::of(artifact, &self.plan.packages);
        }
        self.watch_by_rules(began);
    }

    /// Reads the manifests again if they, or cargo's configuration, have changed: other packages
    /// may be needed, or another program. Returns whether it does.
    fn read_manifests_again(&mut self) -> bool {
        if !self.plan.manifests.have_changed() {
            return false;
        }
        self.commands.note_reading();
        let (command_line, sender) = (self.command_line.clone(), self.tools.sender.clone());
        let settings = self.plan.settings.clone();
        let began = self.builds.last_began().unwrap_or_else(SystemTime::now);
        tokio::task::spawn_blocking(move || {
            let plan = Plan::make(&command_line, Some(settings));
            sender.send(Input::Plan(Box::new(plan), began));
        });
        true
    }

    pub(super) fn take_plan(&mut self, plan: anyhow::Result<Plan>, began: SystemTime) -> bool {
        self.commands.note_read();
        let mut plan = match plan {
            Ok(plan) => plan,
            Err(err) => {
                let why = without_configuration(&format!("{err:#}"));
                self.tools.note(format!("{why}; what was read before still holds"));
                return true;
            }
        };
        if plan.has_other_settings {
            let note = "the settings have changed; start cargo devserver again for them";
            self.tools.note(note.into());
        }
        plan.rules.inputs = std::mem::take(&mut self.plan.rules.inputs);
        plan.rules.error = self.plan.rules.error.take();
        plan.rules.is_wide = self.plan.rules.is_wide;
        let is_other = plan.recipe.arguments != self.plan.recipe.arguments;
        let starts_otherwise = plan.program_env.differs_from(&self.plan.program_env);
        self.plan = plan;
        let program = self.plan.recipe.program.name.clone();
        self.tools.live.update(|state| state.program = program);
        self.web.follow(&self.plan);
        self.watch_by_rules(began);
        let goes_on = match (is_other, starts_otherwise && self.builds.artifact.is_some()) {
            (true, false) => self.apply(Event::Changed(Change::Build)),
            (true, true) => self.apply(Event::Changed(Change::Rebuild)),
            (false, true) => {
                self.runs.begin_swap(None);
                self.apply(Event::Changed(Change::Restart))
            }
            (false, false) => true,
        };
        self.builds.prepare_replay(&self.plan, &self.tools);
        goes_on
    }
}
