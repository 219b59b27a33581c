//! One build, from its start to its result: a replay, or cargo as a child.

use std::ffi::OsString;
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::oneshot;

use crate::build::artifact::{Artifact, Said, identity};
use crate::build::built::{BuildErrors, Built, BuiltBy};
use crate::build::output::count::Count;
use crate::build::output::messages::{self, Messages};
use crate::build::output::progress::{self, Progress, Text};
use crate::build::replay::run::compile::Tools;
use crate::build::replay::run::{Ended, Replay};
use crate::build::replay::setup::Setup;
use crate::children::launcher::{Launcher, Started};
use crate::children::role::Role;
use crate::project::cargo_errors::without_configuration;
use crate::project::packages::{Program, cargo};
use crate::terminal::places::Places;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;

/// What to build and how.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) program: Program,
    /// cargo's arguments after `build`.
    pub(crate) arguments: Vec<OsString>,
    /// How builds are recorded, if they are.
    pub(crate) recording: Option<Setup>,
    /// How many compilers may run at a time in a replay.
    pub(crate) jobs: usize,
    /// What places in messages are relative to.
    pub(crate) places: Places,
}

/// A running build. Dropping it cancels the build.
#[derive(Debug)]
pub(crate) struct Cancel(
    #[allow(dead_code, reason = "it is the drop that counts")] oneshot::Sender<()>,
);

/// How long a cancelled cargo may take to end before it is killed.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

impl Recipe {
    /// Starts a build: the replay, if there is one, and otherwise cargo. `done` is called with the
    /// result, or with `None` after a cancelled build; `progress` when it begins to compile or waits
    /// for another cargo, and with the number of crates that are done.
    ///
    /// # Errors
    ///
    /// When cargo cannot be started.
    pub(crate) fn start<P, D>(
        self: &Arc<Self>,
        replay: Option<Replay>,
        launcher: &Rc<Launcher>,
        screen: &Screen,
        progress: P,
        done: D,
    ) -> anyhow::Result<Cancel>
    where
        P: Fn(Progress<'_>) + 'static,
        D: FnOnce(Option<Built>, BuiltBy) + 'static,
    {
        // cargo at once, so that an error is one of the start.
        let child = if replay.is_none() { Some(self.start_cargo(launcher, screen)?) } else { None };
        let (cancel, mut cancelled) = oneshot::channel();
        let (recipe, launcher, screen) = (Arc::clone(self), Rc::clone(launcher), screen.clone());
        tokio::task::spawn_local(async move {
            let (launcher, places, jobs) = (&*launcher, &recipe.places, recipe.jobs);
            let tools = Tools { launcher, screen: &screen, places, jobs };
            if let Some(replay) = replay {
                match replay.run(&tools, &progress, &mut cancelled).await {
                    Ended::Built(built) => return done(Some(built), BuiltBy::Replay),
                    Ended::Cancelled => return done(None, BuiltBy::Replay),
                    Ended::AskCargo => {}
                }
            }
            let child = child.map_or_else(|| recipe.start_cargo(launcher, &screen), Ok);
            let built = match child {
                Ok(child) => recipe.wait(child, &screen, &progress, cancelled).await,
                Err(err) => {
                    let text = format!("{err:#}\n");
                    Some(Built::Bad(BuildErrors { text, ..BuildErrors::default() }))
                }
            };
            done(built, BuiltBy::Cargo);
        });
        Ok(Cancel(cancel))
    }

    fn start_cargo(&self, launcher: &Launcher, screen: &Screen) -> anyhow::Result<Started> {
        let prepared = launcher.prepare(cargo(), Role::Build);
        let mut prepared = prepared.context("cannot prepare to start cargo")?;
        prepared.command.arg("build").args(&self.arguments);
        match self.recording.as_ref().map(Setup::variables).transpose() {
            Ok(variables) => drop(prepared.command.envs(variables.into_iter().flatten())),
            Err(err) => screen.report(&Report::Note {
                message: format!(
                    "cargo is asked at every save: its commands are not recorded: {err}"
                ),
            }),
        }
        set_output(&mut prepared.command, screen);
        prepared.spawn().context("cannot start cargo")
    }

    /// Waits for the end of a build. The result of a cancelled build is `None`.
    async fn wait(
        &self,
        mut child: Started,
        screen: &Screen,
        progress: &impl Fn(Progress<'_>),
        cancelled: oneshot::Receiver<()>,
    ) -> Option<Built> {
        let Recipe { program, places, .. } = self;
        let control = child.control();
        let (stdout, stderr) = (child.take_stdout(), child.take_stderr());
        let count = Count::default();
        let counting = count.tell(|done, total| progress(Progress::Counts { done, total }));
        let outputs = async {
            let (messages, text) = tokio::join!(
                messages::read(stdout, program, places, &count, screen),
                progress::read(stderr, screen, &count, progress)
            );
            (messages, text, child.wait().await)
        };
        tokio::pin!(outputs);
        tokio::select! {
            never = counting => match never {},
            (messages, text, status) = &mut outputs => Some(result(program, messages, text, status)),
            _ = cancelled => {
                control.stop();
                if tokio::time::timeout(CANCEL_TIMEOUT, &mut outputs).await.is_err() {
                    control.kill();
                    let _ = outputs.await;
                }
                None
            }
        }
    }
}

/// Sets cargo's stdio, messages, colors and progress bar.
fn set_output(command: &mut Command, screen: &Screen) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Pages are shown the colors, too. Where the screen has none, they are left out.
    command.arg("--message-format=json-diagnostic-rendered-ansi");
    if screen.is_quiet() {
        command.arg("--quiet");
    }
    command.envs(progress::variables(screen));
}

fn result(
    program: &Program,
    messages: Messages,
    text: Text,
    status: std::io::Result<ExitStatus>,
) -> Built {
    let Text { messages: said, finished } = text;
    let text = format!("{}{}", messages.errors, without_configuration(&said));
    let warnings = messages.diagnostics.warnings;
    let bad = |text| Built::Bad(BuildErrors { text, diagnostics: messages.diagnostics });
    match status {
        Ok(status) if status.success() => {}
        Ok(_) if !text.trim().is_empty() => return bad(text),
        Ok(status) => return bad(format!("cargo build has ended: {status}\n")),
        Err(err) => return bad(format!("cannot wait for cargo build: {err}\n")),
    }
    let Some(executable) = messages.executable else {
        return bad(format!("cargo build names no program {:?}\n", program.name));
    };
    match identity(&executable) {
        Ok(identity) => {
            let said = Said { text: said, finished, ..messages.said };
            let artifact = Artifact { executable, identity, scripts: messages.scripts, said };
            Built::Good(Box::new(artifact), warnings)
        }
        Err(err) => bad(format!("cargo has built {}: {err}\n", executable.display())),
    }
}
