//! Learns of changes of files, in a thread of its own.

pub(crate) mod globs;
pub(crate) mod rules;
mod tree;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::config::Watcher;
use crate::sys;
use rules::{Kind, Rules};
use tree::{Found, Listing, Tree};

/// Files that have changed, by what that means.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// What the most demanding of them asks for.
    pub(crate) kind: Option<Kind>,
    /// Those that ask for just that.
    pub(crate) files: Vec<PathBuf>,
    /// Those that ask for nothing.
    pub(crate) unrelated: Vec<PathBuf>,
}

/// What the watcher tells.
#[derive(Debug)]
pub(crate) enum News {
    /// Files have changed.
    Changed(Changes),
    /// Something that one should know.
    Note(String),
}

/// The watcher's other end. Dropping it ends the watcher.
#[derive(Debug)]
pub(crate) struct Watching {
    to_watcher: Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Event(notify::Result<notify::Event>),
    /// A build has ended, which began then; these rules hold from now on.
    Built(Box<Rules>, SystemTime),
    End,
}

/// How long nothing may happen before a change is told of: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(8);
/// But no longer than this: the files of a checkout come one after the other.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often files are looked at where nobody tells of changes.
const POLL: Duration = Duration::from_millis(400);
/// Files carry the time of the last tick of the system's clock, which is a little in the past.
const TICK: Duration = Duration::from_millis(10);

impl Watching {
    /// Begins to watch, and calls `tell` from a thread of its own. When it returns, every change
    /// from now on will be told of.
    pub(crate) fn begin(
        rules: Rules,
        how: Watcher,
        tell: impl Fn(News) + Send + 'static,
    ) -> Watching {
        let (to_watcher, messages) = channel();
        let eyes = Eyes::open(how, &rules, to_watcher.clone(), &tell);
        let mut task = Task { rules, eyes, tree: Tree::default(), messages, tell: Box::new(tell) };
        task.look_first();
        std::thread::spawn(move || task.run());
        Watching { to_watcher }
    }

    /// A build has ended; it began then.
    pub(crate) fn built(&self, rules: Rules, began: SystemTime) {
        // The thread ends only after this does.
        let _ = self.to_watcher.send(Message::Built(Box::new(rules), began));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.to_watcher.send(Message::End);
    }
}

struct Task {
    rules: Rules,
    eyes: Eyes,
    tree: Tree,
    messages: Receiver<Message>,
    tell: Box<dyn Fn(News) + Send>,
}

/// Where to look, as far as is known.
#[derive(Debug, Default)]
struct Hints {
    folders: BTreeSet<PathBuf>,
    files: HashSet<PathBuf>,
    /// Everywhere.
    all: bool,
}

impl Task {
    /// How things are before anything has changed.
    fn look_first(&mut self) {
        let mut found = Found::default();
        self.extend(&mut found);
        self.eyes.watch(&found.new_folders, &self.tell);
    }

    /// Adds whatever the rules are about.
    fn extend(&mut self, found: &mut Found) {
        let rules = &self.rules;
        // First the folders that are watched as a whole where the system can do that.
        self.eyes.watch_trees(&rules.packages);
        for package in &rules.packages {
            self.tree.add(package, Listing::NotIgnored, rules, found);
        }
        let folders = rules.inputs.folders.iter().chain(rules.globs.roots());
        for folder in folders {
            match folder.is_dir() {
                // The root of a pattern like `*.html` is a package, where git's rules hold.
                true if rules.packages.contains(folder) => {}
                true => self.tree.add(folder, Listing::All, rules, found),
                false => self.tree.add_file(folder, rules, found),
            }
        }
        for file in rules.files() {
            self.tree.add_file(file, rules, found);
        }
    }

    fn run(mut self) {
        let mut hints = Hints::default();
        let mut since: Option<Instant> = None;
        loop {
            let wait = match since {
                Some(since) => QUIET.min(PATIENCE.saturating_sub(since.elapsed())),
                None if self.eyes.is_blind() => POLL,
                None => Duration::MAX,
            };
            match self.messages.recv_timeout(wait) {
                Ok(Message::Event(event)) => {
                    if self.note(event, &mut hints) {
                        since.get_or_insert_with(Instant::now);
                    }
                    if since.is_none_or(|since| since.elapsed() < PATIENCE) {
                        continue;
                    }
                }
                Ok(Message::Built(rules, began)) => {
                    self.built(*rules, began);
                    continue;
                }
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => hints.all |= self.eyes.is_blind(),
            }
            since = None;
            self.look(std::mem::take(&mut hints));
        }
    }

    /// Whether an event is a hint.
    fn note(&self, event: notify::Result<notify::Event>, hints: &mut Hints) -> bool {
        let Ok(event) = event else {
            hints.all = true;
            return true;
        };
        if event.need_rescan() {
            hints.all = true;
        }
        let is_reading = matches!(event.kind, EventKind::Access(kind)
            if kind != AccessKind::Close(AccessMode::Write));
        if is_reading {
            return false;
        }
        for path in event.paths {
            let name = path.file_name().unwrap_or_default();
            // What is ignored may change with them.
            hints.all |= name == ".gitignore" || name == ".ignore";
            hints
                .folders
                .extend(path.parent().and_then(|p| self.tree.folder_of(p)).map(Path::to_owned));
            hints.folders.extend(self.tree.folder_of(&path).map(Path::to_owned));
            hints.files.insert(path);
        }
        !hints.folders.is_empty() || hints.all
    }

    fn look(&mut self, hints: Hints) {
        let folders = if hints.all { self.tree.folders() } else { hints.folders };
        let mut found = Found::default();
        self.tree.look_again(&folders, &hints.files, &self.rules, &mut found);
        self.eyes.watch(&found.new_folders, &self.tell);
        let mut all = found.changed;
        all.extend(found.new);
        self.report(all, found.unrelated);
    }

    /// Other rules: what has become part of the build may have changed while it was built.
    fn built(&mut self, rules: Rules, began: SystemTime) {
        self.rules = rules;
        let mut found = Found::default();
        self.extend(&mut found);
        self.eyes.watch(&found.new_folders, &self.tell);
        let began = began.checked_sub(TICK).unwrap_or(began);
        found.new.retain(|file, _| tree::is_modified_since(file, began));
        let mut all = found.changed;
        all.extend(found.new);
        self.report(all, BTreeSet::new());
    }

    fn report(&self, changed: BTreeMap<PathBuf, Kind>, unrelated: BTreeSet<PathBuf>) {
        let kind = changed.values().copied().max();
        if kind.is_none() && unrelated.is_empty() {
            return;
        }
        let files = changed.into_iter().filter(|(_, found)| Some(*found) == kind);
        let files = files.map(|(file, _)| file).collect();
        let unrelated = unrelated.into_iter().collect();
        (self.tell)(News::Changed(Changes { kind, files, unrelated }));
    }
}

/// The system's news, or none.
#[derive(Debug)]
struct Eyes {
    watcher: Option<RecommendedWatcher>,
}

impl Eyes {
    fn open(how: Watcher, rules: &Rules, events: Sender<Message>, tell: &impl Fn(News)) -> Eyes {
        let polled = rules.packages.iter().find_map(|folder| sys::polled_file_system(folder));
        match (how, polled) {
            (Watcher::Poll, _) => return Eyes { watcher: None },
            (Watcher::Auto, Some(kind)) => {
                let note = "does not tell of every change; looking at the files again and again \
                            (--watcher native does not)";
                tell(News::Note(format!("the file system ({kind}) {note}")));
                return Eyes { watcher: None };
            }
            _ => {}
        }
        // When this thread is gone, so is the need for events.
        let send = move |event| drop(events.send(Message::Event(event)));
        match RecommendedWatcher::new(send, notify::Config::default()) {
            Ok(watcher) => Eyes { watcher: Some(watcher) },
            Err(err) => {
                tell(News::Note(format!("the system does not tell of changes: {err}; polling")));
                Eyes { watcher: None }
            }
        }
    }

    fn is_blind(&self) -> bool {
        self.watcher.is_none()
    }

    fn watch_trees(&mut self, roots: &[PathBuf]) {
        if let Some(watcher) = self.watcher.as_mut().filter(|_| sys::WATCHES_WHOLE_TREES) {
            for root in roots {
                // Where it is not there, the build says so.
                let _ = watcher.watch(root, RecursiveMode::Recursive);
            }
        }
    }

    fn watch(&mut self, folders: &[PathBuf], tell: &impl Fn(News)) {
        let Some(watcher) = &mut self.watcher else { return };
        for folder in folders {
            let Err(err) = watcher.watch(folder, RecursiveMode::NonRecursive) else { continue };
            if matches!(err.kind, notify::ErrorKind::MaxFilesWatch) {
                tell(News::Note(
                    "the system's limit of watched folders is reached \
                     (fs.inotify.max_user_watches); looking at the files again and again"
                        .to_owned(),
                ));
                self.watcher = None;
                return;
            }
            // Otherwise the folder has gone in the meantime, which its parent tells of.
        }
    }
}
