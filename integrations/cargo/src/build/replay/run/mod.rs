//! A replay: the crates that have changed, and those that need them, one after the other as far as
//! they need each other.
//!
//! `compile` compiles them, with a `rustc` for each; `text` has the lines that cargo would print.

pub(crate) mod compile;
mod rustc;
mod text;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::build::artifact::{Artifact, identity};
use crate::build::built::{BuildErrors, Built};
use crate::build::output::messages::MOST_KEPT;
use crate::build::output::progress::Progress;
use crate::build::replay::conditions::Known;
use crate::build::replay::lock::Lock;
use crate::build::replay::place::put_program;
use crate::terminal::screen::Screen;
use compile::{Crates, Found, Running, Tools};
pub(crate) use rustc::JOB_SERVERS;

/// What is known for the next replay. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replays(Rc<RefCell<Option<Box<Known>>>>);

/// A replay that can begin.
#[derive(Debug)]
pub(crate) struct Replay {
    known: Box<Known>,
    /// The numbers of the crates to compile, in order.
    stale: Vec<usize>,
    lock: Lock,
    began: SystemTime,
    since: Instant,
    /// Where it is known from.
    replays: Replays,
}

/// How a replay has ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Built(Built),
    Cancelled,
    /// It says nothing about the user's code.
    AskCargo,
}

/// How long a cancelled compiler may take to end before it is killed.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

impl Replays {
    /// Takes what is known after a good build by cargo.
    pub(crate) fn know(&self, known: Option<Known>) {
        *self.0.borrow_mut() = known.map(Box::new);
    }

    /// The replay for these changed files; `None` if cargo is to be asked, after which nothing is
    /// known.
    pub(crate) fn begin(&self, changed: &[PathBuf]) -> Option<Replay> {
        let (began, since) = (SystemTime::now(), Instant::now());
        let mut known = self.0.borrow_mut().take()?;
        // Whatever cannot be seen or locked is cargo's to report.
        let lock = Lock::take(known.locked.iter().map(PathBuf::as_path)).ok()??;
        let stale = known.stale(changed).ok()??;
        Some(Replay { known, stale, lock, began, since, replays: self.clone() })
    }
}

impl Replay {
    /// Compiles the crates. A dropped sender of `cancelled` ends it.
    pub(crate) async fn run(
        mut self,
        tools: &Tools<'_>,
        progress: &impl Fn(Progress<'_>),
        cancelled: &mut oneshot::Receiver<()>,
    ) -> Ended {
        progress(Progress::Compiles);
        let count = |done: usize| {
            let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
            let total = Some(number(self.stale.len()));
            progress(Progress::Counts { done: number(done), total });
        };
        count(0);
        let (running, mut found) = (Running::default(), Found::default());
        let is_cancelled = {
            let (known, stale, began) = (&mut *self.known, &self.stale[..], self.began);
            let mut crates = Crates { known, stale, began };
            let mut compiling = std::pin::pin!(crates.run(tools, &running, &mut found));
            tokio::select! {
                () = &mut compiling => false,
                _ = cancelled => {
                    running.stop();
                    if timeout(CANCEL_TIMEOUT, &mut compiling).await.is_err() {
                        running.kill();
                        compiling.await;
                    }
                    true
                }
            }
        };
        if found.is_doubtful && !is_cancelled {
            return Ended::AskCargo;
        }
        let ended = match is_cancelled {
            true => Ended::Cancelled,
            false => match self.result(found, tools.screen).await {
                Ok(built) => Ended::Built(built),
                Err(_) => return Ended::AskCargo,
            },
        };
        let Replay { mut known, lock, replays, .. } = self;
        let is_bounded = known.messages() <= MOST_KEPT;
        if is_bounded && known.outputs.note_again().is_ok() {
            *replays.0.borrow_mut() = Some(known);
        }
        drop(lock);
        ended
    }

    /// The result, as of a build by cargo.
    async fn result(&mut self, found: Found, screen: &Screen) -> io::Result<Built> {
        let Found { messages, text, has_failed, done, .. } = found;
        if has_failed {
            let text = messages.errors + &text;
            return Ok(Built::Bad(BuildErrors { text, diagnostics: messages.diagnostics }));
        }
        let known = &mut *self.known;
        let program = known.crates.len().checked_sub(1).filter(|_| done.len() == self.stale.len());
        let Some(program) = program else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let executable = known.artifact.executable.clone();
        let extension = executable.extension().and_then(|it| it.to_str()).unwrap_or_default();
        put_program(&rustc::output(known, program, extension), &executable)?;
        if let Some(what) = known.finished.as_ref().filter(|_| !screen.is_quiet()) {
            let line = text::finished(what, self.since.elapsed(), screen);
            screen.cargo_says(line.as_bytes()).await;
        }
        let kept: BTreeSet<&Path> =
            known.crates.iter().flat_map(|it| &it.files).map(PathBuf::as_path).collect();
        known.sources.retain(|path| kept.contains(path));
        let identity = identity(&executable)?;
        let artifact = Artifact { identity, executable, ..known.artifact.clone() };
        Ok(Built::Good(Box::new(artifact), messages.diagnostics.warnings))
    }
}
