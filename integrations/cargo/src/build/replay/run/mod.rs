//! A replay: the crates that have changed, and those that need them, one after the other as far as
//! they need each other.
//!
//! `rustc` is one compiler, `text` has the lines that cargo would print.

mod rustc;
mod text;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::build::artifact::{Artifact, identity};
use crate::build::built::{BuildErrors, Built};
use crate::build::output::kept_text::push;
use crate::build::output::messages::{MOST_KEPT, Messages};
use crate::build::output::progress::Progress;
use crate::build::replay::conditions::Known;
use crate::build::replay::lock::Lock;
use crate::build::replay::place::{put_program, update_list};
use crate::build::replay::prepare::sources;
use crate::children::launcher::{Control, Launcher};
use crate::project::paths::{TICK, is_modified_since};
use crate::terminal::places::Places;
use crate::terminal::screen::Screen;
use rustc::{Event, is_doubtful};
use text::Numbers;

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

/// What a replay needs.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) launcher: &'a Launcher,
    pub(crate) screen: &'a Screen,
    pub(crate) places: &'a Places,
    /// How many compilers may run at a time.
    pub(crate) jobs: usize,
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

/// The compilers that run.
#[derive(Debug, Default)]
struct Running {
    controls: RefCell<BTreeMap<usize, Rc<Control>>>,
    /// Whether no more are to be started.
    is_stopped: Cell<bool>,
}

impl Running {
    fn stop(&self) {
        self.is_stopped.set(true);
        self.controls.borrow().values().for_each(|control| control.stop());
    }

    fn kill(&self) {
        self.controls.borrow().values().for_each(|control| control.kill());
    }
}

/// What the crates of a replay have come to.
#[derive(Debug, Default)]
struct Found {
    messages: Messages,
    /// cargo's messages.
    text: String,
    /// The numbers of messages about each crate.
    numbers: BTreeMap<usize, Numbers>,
    has_failed: bool,
    is_doubtful: bool,
    has_declared: Vec<usize>,
    done: Vec<usize>,
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
            let mut compiling = std::pin::pin!(self.compile(tools, &running, &mut found));
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

    async fn compile(&mut self, tools: &Tools<'_>, running: &Running, found: &mut Found) {
        let (tell, mut told) = unbounded_channel();
        self.repeat(tools, found).await;
        let mut waiting = self.stale.clone();
        let mut packages = Vec::new();
        loop {
            let may_start = !found.has_failed && !found.is_doubtful && !running.is_stopped.get();
            let room = tools.jobs.saturating_sub(running.controls.borrow().len());
            let ready =
                waiting.iter().copied().filter(|index| may_start && self.is_ready(*index, found));
            for index in ready.take(room).collect::<Vec<_>>() {
                waiting.retain(|other| *other != index);
                let package = self.known.crates[index].unit.manifest_folder().map(Path::to_owned);
                let is_first = !packages.contains(&package);
                packages.push(package);
                if is_first && !tools.screen.is_quiet() {
                    let line = text::compiling(&self.known.crates[index].unit, tools.screen);
                    tools.screen.cargo_says(line.as_bytes()).await;
                }
                self.start(index, tools, running, &tell, found);
            }
            if running.controls.borrow().is_empty() {
                return;
            }
            // There is a sender here, so there is an event.
            let Some(event) = told.recv().await else { return };
            self.take(event, tools, running, found).await;
        }
    }

    /// Repeats what was said about all else.
    async fn repeat(&self, tools: &Tools<'_>, found: &mut Found) {
        if !self.known.text.is_empty() {
            let colored = text::colored(&self.known.text, tools.screen);
            tools.screen.cargo_says(colored.as_bytes()).await;
            found.text.clone_from(&self.known.text);
        }
        let fresh = self.known.crates.iter().filter(|it| !it.is_stale);
        let messages = fresh.flat_map(|it| &it.messages).chain(&self.known.other_messages);
        for message in messages {
            found.messages.take(message, tools.places, tools.screen).await;
        }
    }

    /// Whether all that a crate needs is there.
    fn is_ready(&self, index: usize, found: &Found) -> bool {
        let it = &self.known.crates[index];
        let is_there = |index: usize, is_whole: bool| {
            found.done.contains(&index) || (!is_whole && found.has_declared.contains(&index))
        };
        let is_stale = |index: &usize| self.stale.contains(index);
        match it.unit.is_linked() {
            // The linker takes all of them.
            true => self.stale.iter().all(|other| *other == index || is_there(*other, true)),
            false => {
                let mut needs = it.needs.iter().filter(|need| is_stale(&need.index));
                needs.all(|need| is_there(need.index, need.is_whole))
            }
        }
    }

    fn start(
        &mut self,
        index: usize,
        tools: &Tools<'_>,
        running: &Running,
        tell: &UnboundedSender<Event>,
        found: &mut Found,
    ) {
        let it = &mut self.known.crates[index];
        (it.is_replayed, it.messages) = (true, Vec::new());
        let is_there =
            |hash: &str| self.known.crates.iter().any(|it| it.is_replayed && it.unit.hash == hash);
        let with = (tools.launcher, tools.screen);
        match rustc::start(&self.known, index, is_there, with, tell) {
            Ok(control) => drop(running.controls.borrow_mut().insert(index, control)),
            Err(_) => found.is_doubtful = true,
        }
    }

    async fn take(
        &mut self,
        event: Event,
        tools: &Tools<'_>,
        running: &Running,
        found: &mut Found,
    ) {
        match event {
            Event::Metadata(index) => found.has_declared.push(index),
            Event::Line(line) => {
                tools.screen.cargo_says(format!("{line}\n").as_bytes()).await;
                push(&mut found.text, &format!("{line}\n"));
            }
            Event::Said(_, message) if is_doubtful(&message) => {
                found.is_doubtful = true;
                running.stop();
            }
            Event::Said(index, message) => {
                found.messages.take(&message, tools.places, tools.screen).await;
                found.numbers.entry(index).or_default().count(message.level);
                self.known.crates[index].messages.push(message);
            }
            Event::Ended(index, status) => {
                running.controls.borrow_mut().remove(&index);
                let numbers = found.numbers.get(&index).copied().unwrap_or_default();
                match status.map(|status| (status.success(), status.code())) {
                    Ok((true, _)) if self.note_compiled(index).is_ok() => found.done.push(index),
                    Ok((false, Some(1))) if numbers.errors > 0 => {
                        self.note_failed(index, numbers, tools, running, found).await;
                    }
                    _ => {
                        found.is_doubtful = true;
                        running.stop();
                    }
                }
            }
        }
    }

    async fn note_failed(
        &self,
        index: usize,
        numbers: Numbers,
        tools: &Tools<'_>,
        running: &Running,
        found: &mut Found,
    ) {
        let is_example = self.known.is_example;
        let mut line = text::could_not_compile(&self.known.crates[index].unit, is_example, numbers);
        if !found.has_failed && !running.controls.borrow().is_empty() {
            line.push_str("warning: build failed, waiting for other jobs to finish...\n");
        }
        found.has_failed = true;
        tools.screen.cargo_says(text::colored(&line, tools.screen).as_bytes()).await;
        push(&mut found.text, &line);
    }

    /// A crate was compiled: the files that it was made from may be others.
    fn note_compiled(&mut self, index: usize) -> io::Result<()> {
        let known = &mut *self.known;
        let files = sources(&known.crates[index].unit, &known.folder)?;
        let it = &mut known.crates[index];
        it.is_stale = false;
        for file in &files {
            if !known.sources.contains(file) {
                // First its state: what changes after that is noticed later.
                known.sources.note(file.clone())?;
                it.is_stale |= is_modified_since(file, self.began - TICK);
            }
        }
        let before = std::mem::replace(&mut it.files, files);
        if before != it.files {
            let now = known.crates.iter().flat_map(|it| &it.files);
            update_list(&known.artifact.executable, &before, now)?;
        }
        Ok(())
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
