//! One build: cargo as a child, from its start to its result.

use std::ffi::OsString;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::oneshot;

use crate::build::artifact::{Artifact, identity};
use crate::build::output::count::Count;
use crate::build::output::diagnostics::Diagnostics;
use crate::build::output::messages::{self, Messages};
use crate::build::output::progress::{self, Progress};
use crate::children::launcher::{Launcher, Started};
use crate::children::role::Role;
use crate::project::cargo_errors::without_configuration;
use crate::project::packages::{Program, cargo};
use crate::sys::terminal_columns;
use crate::terminal::places::Places;
use crate::terminal::screen::Screen;

/// What to build and how.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) program: Program,
    /// cargo's arguments after `build`.
    pub(crate) arguments: Vec<OsString>,
    /// What places in messages are relative to.
    pub(crate) places: Places,
}

/// The result of a build.
#[derive(Debug)]
pub(crate) enum Built {
    /// A program, and the number of warnings.
    Good(Box<Artifact>, usize),
    /// No program.
    Bad(BuildErrors),
}

/// Why there is no program.
#[derive(Debug, Default)]
pub(crate) struct BuildErrors {
    /// The errors of cargo and the compiler, without colors.
    pub(crate) text: String,
    /// The compiler's messages.
    pub(crate) diagnostics: Diagnostics,
}

/// A running build. Dropping it cancels the build.
#[derive(Debug)]
pub(crate) struct Cancel(
    #[allow(dead_code, reason = "it is the drop that counts")] oneshot::Sender<()>,
);

/// How long a cancelled cargo may take to end before it is killed.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

impl Recipe {
    /// Starts a build. `done` is called with the result, or with `None` after a cancelled build;
    /// `progress` when cargo begins to compile or waits for another cargo, and with the number of
    /// crates that are done.
    ///
    /// # Errors
    ///
    /// When cargo cannot be started.
    pub(crate) fn start<P, D>(
        &self,
        launcher: &Launcher,
        screen: &Screen,
        progress: P,
        done: D,
    ) -> anyhow::Result<Cancel>
    where
        P: Fn(Progress<'_>) + 'static,
        D: FnOnce(Option<Built>) + 'static,
    {
        let prepared = launcher.prepare(cargo(), Role::Build);
        let mut prepared = prepared.context("cannot prepare to start cargo")?;
        prepared.command.arg("build").args(&self.arguments);
        set_output(&mut prepared.command, screen);
        let child = prepared.spawn().context("cannot start cargo")?;
        let (cancel, cancelled) = oneshot::channel();
        let screen = screen.clone();
        let (program, places) = (self.program.clone(), self.places.clone());
        tokio::task::spawn_local(async move {
            done(wait(child, (&program, &places), &screen, &progress, cancelled).await);
        });
        Ok(Cancel(cancel))
    }
}

/// Waits for the end of a build. The result of a cancelled build is `None`.
async fn wait(
    mut child: Started,
    (program, places): (&Program, &Places),
    screen: &Screen,
    progress: &impl Fn(Progress<'_>),
    cancelled: oneshot::Receiver<()>,
) -> Option<Built> {
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
        (messages, text, status) = &mut outputs => Some(result(program, messages, &text, status)),
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

/// Sets cargo's stdio, messages, colors and progress bar.
fn set_output(command: &mut Command, screen: &Screen) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Pages are shown the colors, too. Where the screen has none, they are left out.
    command.arg("--message-format=json-diagnostic-rendered-ansi");
    if screen.is_quiet() {
        command.arg("--quiet");
    }
    command.env("CARGO_TERM_COLOR", if screen.has_color { "always" } else { "never" });
    // cargo draws its progress bar only on a terminal, but its stderr is a pipe to us, since
    // clients see it, too. It is read for the number of crates.
    let columns = terminal_columns().filter(|columns| *columns > 0);
    command.env("CARGO_TERM_PROGRESS_WHEN", "always");
    command.env("CARGO_TERM_PROGRESS_WIDTH", columns.unwrap_or(80).to_string());
}

fn result(
    program: &Program,
    messages: Messages,
    text: &str,
    status: std::io::Result<ExitStatus>,
) -> Built {
    let text = format!("{}{}", messages.errors, without_configuration(text));
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
            let artifact = Artifact { executable, identity, scripts: messages.scripts };
            Built::Good(Box::new(artifact), warnings)
        }
        Err(err) => bad(format!("cargo has built {}: {err}\n", executable.display())),
    }
}
