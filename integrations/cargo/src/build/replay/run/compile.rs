//! Compiles the crates of a replay, as cargo would: a crate as soon as what it needs is there, and no more
//! at a time than it may.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use tokio::sync::mpsc::{Sender, channel};

use crate::build::output::kept_text::push;
use crate::build::output::messages::Messages;
use crate::build::replay::conditions::Known;
use crate::build::replay::dep_info::DepInfo;
use crate::build::replay::place::update_list;
use crate::build::replay::run::rustc::{self, Event, is_doubtful};
use crate::build::replay::run::text::{self, Numbers};
use crate::children::launcher::{Control, Launcher};
use crate::project::paths::{TICK, is_modified_since};
use crate::terminal::places::Places;
use crate::terminal::screen::Screen;

/// What a replay needs.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) launcher: &'a Launcher,
    pub(crate) screen: &'a Screen,
    pub(crate) places: &'a Places,
    /// How many compilers may run at a time.
    pub(crate) jobs: usize,
}

/// The compilers that run.
#[derive(Debug, Default)]
pub(crate) struct Running {
    controls: RefCell<BTreeMap<usize, Rc<Control>>>,
    /// Whether no more are to be started.
    is_stopped: Cell<bool>,
}

/// So many events of the compilers wait at most: then they wait, too.
const EVENTS: usize = 64;

impl Running {
    pub(crate) fn stop(&self) {
        self.is_stopped.set(true);
        self.controls.borrow().values().for_each(|control| control.stop());
    }

    pub(crate) fn kill(&self) {
        self.controls.borrow().values().for_each(|control| control.kill());
    }
}

/// What the crates of a replay have come to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) messages: Messages,
    /// cargo's messages.
    pub(crate) text: String,
    /// The numbers of messages about each crate.
    numbers: BTreeMap<usize, Numbers>,
    pub(crate) has_failed: bool,
    pub(crate) is_doubtful: bool,
    has_declared: Vec<usize>,
    pub(crate) done: Vec<usize>,
}

/// The crates of a replay.
#[derive(Debug)]
pub(crate) struct Crates<'a> {
    pub(crate) known: &'a mut Known,
    /// The numbers of those to compile, in order.
    pub(crate) stale: &'a [usize],
    pub(crate) began: SystemTime,
}

impl Crates<'_> {
    /// Compiles them, until all are done or no more are to be started.
    pub(crate) async fn run(&mut self, tools: &Tools<'_>, running: &Running, found: &mut Found) {
        let (tell, mut told) = channel(EVENTS);
        self.repeat(tools, found).await;
        let mut waiting = self.stale.to_vec();
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
        tell: &Sender<Event>,
        found: &mut Found,
    ) {
        let it = &mut self.known.crates[index];
        (it.is_replayed, it.messages) = (true, Vec::new());
        let is_there =
            |hash: &str| self.known.crates.iter().any(|it| it.is_replayed && it.unit.hash == hash);
        let with = (tools.launcher, tools.screen);
        match rustc::start(self.known, index, is_there, with, tell) {
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
        let DepInfo { files, .. } = DepInfo::read(&known.crates[index].unit, &known.folder)?;
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
}
