//! Learns of changes of files, in a thread of its own.

pub(crate) mod globs;
mod listing;
pub(crate) mod rules;
mod tree;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::settings::tables::Watcher;
use crate::sys;
use listing::Listing;
use rules::{Kind, Rules};
use tree::{Found, Tree};

pub(crate) use tree::is_modified_since;

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
/// How long it takes at most until what could not be seen is looked at again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
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
        let (tree, unseen) = (Tree::default(), BTreeSet::new());
        let mut task = Task { rules, eyes, tree, unseen, messages, tell: Box::new(tell) };
        task.look_first();
        std::thread::spawn(move || task.run());
        Watching { to_watcher }
    }

    /// A build has ended, which began then, or a program, which was started then.
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
    /// Where something could not be seen, such as for want of descriptors.
    unseen: BTreeSet<PathBuf>,
    messages: Receiver<Message>,
    tell: Box<dyn Fn(News) + Send>,
}

/// Where to look, as far as is known.
#[derive(Debug, Default)]
struct Hints {
    folders: BTreeSet<PathBuf>,
    files: HashSet<PathBuf>,
    /// Folders that have come or gone, of which the system may no longer tell.
    moved: Vec<PathBuf>,
    /// Everywhere.
    all: bool,
}

impl Task {
    /// How things are before anything has changed.
    fn look_first(&mut self) {
        let mut found = Found::default();
        self.extend(&mut found);
        self.settle(&mut found);
        self.unseen = found.unseen;
    }

    /// Adds whatever the rules are about.
    fn extend(&mut self, found: &mut Found) {
        let rules = &self.rules;
        let (listing, roots) = rules.roots();
        for root in roots {
            self.tree.add_above(root, found);
            self.tree.add(root, listing, rules, found);
        }
        for folder in rules.folders() {
            self.tree.add_above(folder, found);
            self.tree.add(folder, Listing::All, rules, found);
        }
        for file in rules.files() {
            self.tree.add_above(file, found);
            self.tree.add_file(file, rules, found);
        }
    }

    /// Watches new folders, and then looks at them again: what came in between was not told of.
    fn settle(&mut self, found: &mut Found) {
        while !found.new_folders.is_empty() {
            let folders = std::mem::take(&mut found.new_folders);
            self.eyes.watch(&folders, &self.rules.packages, &self.tell);
            let folders = folders.into_iter().collect();
            self.tree.look_again(&folders, &HashSet::new(), &self.rules, found);
        }
        found.unseen.extend(self.eyes.unwatched());
    }

    fn run(mut self) {
        let mut hints = Hints::default();
        // The first hint, and the last.
        let mut since: Option<(Instant, Instant)> = None;
        let mut pace = POLL;
        // When to look again where something could not be seen.
        let mut pause = POLL;
        let mut again = (!self.unseen.is_empty()).then(|| Instant::now() + pause);
        loop {
            let wait = match since {
                Some((first, last)) => {
                    let until = (last + QUIET).min(first + PATIENCE);
                    until.saturating_duration_since(Instant::now())
                }
                None if self.eyes.is_blind() => pace,
                None => {
                    again.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
                }
            };
            match self.messages.recv_timeout(wait) {
                Ok(Message::Event(event)) => {
                    if self.note(event, &mut hints) {
                        let now = Instant::now();
                        since = Some((since.map_or(now, |(first, _)| first), now));
                    }
                    if since.is_none_or(|(first, _)| first.elapsed() < PATIENCE) {
                        continue;
                    }
                }
                Ok(Message::Built(rules, began)) => {
                    self.built(*rules, began);
                    if !self.unseen.is_empty() {
                        again = Some(Instant::now() + POLL);
                    }
                    continue;
                }
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => hints.all |= self.eyes.is_blind(),
            }
            since = None;
            let began = Instant::now();
            let before = self.unseen.clone();
            self.look(std::mem::take(&mut hints));
            // Where looking takes long, it takes place less often.
            pace = POLL.max(began.elapsed() * 10);
            // Where it never can be seen, looking for it costs next to nothing.
            let is_same = self.unseen.is_subset(&before);
            pause = if is_same { (pause * 2).min(LONGEST_PAUSE) } else { POLL };
            again = (!self.unseen.is_empty()).then(|| Instant::now() + pause);
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
            hints.folders.extend(self.tree.folders_of(&path));
            let has_moved = matches!(
                event.kind,
                EventKind::Create(_)
                    | EventKind::Remove(_)
                    | EventKind::Modify(ModifyKind::Name(_))
            );
            if has_moved && self.tree.has(&path, Listing::Named) {
                hints.moved.push(path.clone());
            }
            hints.files.insert(path);
        }
        !hints.folders.is_empty() || hints.all
    }

    fn look(&mut self, hints: Hints) {
        let mut folders = if hints.all { self.tree.folders() } else { hints.folders };
        let mut found = Found::default();
        for folder in std::mem::take(&mut self.unseen) {
            // As if it were new, where the system did not let us watch it.
            if self.eyes.unwatched.remove(&folder) {
                found.new_folders.push(folder.clone());
            }
            folders.insert(folder);
        }
        self.tree.look_again(&folders, &hints.files, &self.rules, &mut found);
        // What was gone may be back in its place.
        self.add_missing(&mut found);
        for folder in hints.moved {
            found.new_folders.extend(self.tree.below(&folder));
        }
        self.settle(&mut found);
        self.unseen = found.unseen;
        let mut all = found.changed;
        all.extend(found.new);
        self.report(all, found.unrelated);
    }

    /// What was gone may be back in its place, or on its way.
    fn add_missing(&mut self, found: &mut Found) {
        let rules = &self.rules;
        let (listing, roots) = rules.roots();
        let roots = roots.map(|root| (root, listing));
        let roots = roots.chain(rules.folders().map(|folder| (folder, Listing::All)));
        for (root, listing) in roots {
            if !self.tree.has(root, listing) {
                self.tree.add_above(root, found);
                self.tree.add(root, listing, rules, found);
            }
        }
        for file in rules.files() {
            if !file.parent().is_some_and(|parent| self.tree.has(parent, Listing::Named)) {
                self.tree.add_above(file, found);
                self.tree.add_file(file, rules, found);
            }
        }
    }

    /// Other rules: what has become part of the build may have changed while it was built.
    fn built(&mut self, rules: Rules, began: SystemTime) {
        let has_other = rules.inputs != self.rules.inputs || rules.error != self.rules.error;
        self.rules = rules;
        let mut found = Found::default();
        self.extend(&mut found);
        if has_other {
            let all = self.tree.folders();
            self.tree.look_again(&all, &HashSet::new(), &self.rules, &mut found);
        }
        self.settle(&mut found);
        self.unseen.extend(found.unseen);
        let began = began.checked_sub(TICK).unwrap_or(began);
        let mut all = found.changed;
        let others = found.new.into_iter().chain(found.matter_now);
        all.extend(others.filter(|(file, _)| tree::is_modified_since(file, began)));
        let mut unrelated = found.unrelated;
        unrelated.retain(|file| self.rules.is_wide && tree::is_modified_since(file, began));
        self.report(all, unrelated);
    }

    /// One after the other what asks for different things; a restart comes with the build.
    fn report(&self, changed: BTreeMap<PathBuf, Kind>, unrelated: BTreeSet<PathBuf>) {
        let of = |wanted: &[Kind]| -> Vec<PathBuf> {
            let found = changed.iter().filter(|(_, kind)| wanted.contains(kind));
            found.map(|(file, _)| file.clone()).collect()
        };
        let (reload, restart) = (of(&[Kind::Reload]), of(&[Kind::Restart, Kind::Rebuild]));
        let build = of(&[Kind::Build, Kind::Rebuild]);
        let (kind, files) = match (build.is_empty(), restart.is_empty()) {
            (false, false) => (Some(Kind::Rebuild), build),
            (false, true) => (Some(Kind::Build), build),
            (true, false) => (Some(Kind::Restart), restart),
            (true, true) => (None, Vec::new()),
        };
        let unrelated: Vec<_> = unrelated.into_iter().collect();
        if kind.is_some() || !unrelated.is_empty() {
            (self.tell)(News::Changed(Changes { kind, files, unrelated }));
        }
        if !reload.is_empty() {
            let changes =
                Changes { kind: Some(Kind::Reload), files: reload, unrelated: Vec::new() };
            (self.tell)(News::Changed(changes));
        }
    }
}

/// The system's news, or none.
#[derive(Debug)]
struct Eyes {
    watcher: Option<RecommendedWatcher>,
    /// What is watched with all that is in it.
    trees: Vec<PathBuf>,
    /// What the system did not let us watch.
    unwatched: BTreeSet<PathBuf>,
}

impl Eyes {
    fn open(how: Watcher, rules: &Rules, events: Sender<Message>, tell: &impl Fn(News)) -> Eyes {
        let polled = rules.packages.iter().find_map(|folder| sys::polled_file_system(folder));
        match (how, polled) {
            (Watcher::Poll, _) => {
                return Eyes { watcher: None, trees: Vec::new(), unwatched: BTreeSet::new() };
            }
            (Watcher::Auto, Some(kind)) => {
                let note = "does not tell of every change; looking at the files again and again \
                            (--watcher native does not)";
                tell(News::Note(format!("the file system ({kind}) {note}")));
                return Eyes { watcher: None, trees: Vec::new(), unwatched: BTreeSet::new() };
            }
            _ => {}
        }
        // When this thread is gone, so is the need for events.
        let send = move |event| drop(events.send(Message::Event(event)));
        match RecommendedWatcher::new(send, notify::Config::default()) {
            Ok(watcher) => {
                Eyes { watcher: Some(watcher), trees: Vec::new(), unwatched: BTreeSet::new() }
            }
            Err(err) => {
                tell(News::Note(format!("the system does not tell of changes: {err}; polling")));
                Eyes { watcher: None, trees: Vec::new(), unwatched: BTreeSet::new() }
            }
        }
    }

    fn is_blind(&self) -> bool {
        self.watcher.is_none()
    }

    /// Watches folders; where the system watches whole trees, those of the packages once.
    fn watch(&mut self, folders: &[PathBuf], packages: &[PathBuf], tell: &impl Fn(News)) {
        let Some(watcher) = &mut self.watcher else { return };
        for folder in folders {
            let is_in = |root: &PathBuf| folder.starts_with(root);
            let tree = packages.iter().find(|root| sys::WATCHES_WHOLE_TREES && is_in(root));
            let (folder, mode) = match tree {
                Some(_) if self.trees.iter().any(is_in) => continue,
                Some(root) => {
                    self.trees.push(root.clone());
                    (root, RecursiveMode::Recursive)
                }
                None => (folder, RecursiveMode::NonRecursive),
            };
            let Err(err) = watcher.watch(folder, mode) else { continue };
            if matches!(err.kind, notify::ErrorKind::MaxFilesWatch) {
                tell(News::Note(
                    "the system's limit of watched folders is reached \
                     (fs.inotify.max_user_watches); looking at the files again and again"
                        .to_owned(),
                ));
                self.watcher = None;
                return;
            }
            // Or the folder has gone in the meantime, which its parent tells of.
            if folder.exists() {
                self.unwatched.insert(folder.clone());
            }
        }
    }

    fn unwatched(&self) -> impl Iterator<Item = PathBuf> {
        self.unwatched.iter().cloned()
    }
}
