//! The thread that watches: waits for hints, and chooses the moment to look.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use crate::settings::values::Watcher;
use crate::watch::changes::WatchEvent;
use crate::watch::notifier::{Hints, Notifier};
use crate::watch::rules::Rules;
use crate::watch::search::Search;
use crate::watch::tree::Tree;

/// The session's end of the watcher. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Watching {
    to_thread: Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Notified(notify::Result<notify::Event>),
    /// Other rules hold from now on. The build or the run that caused this began then.
    Follow(Box<Rules>, SystemTime),
    End,
}

/// How long nothing must happen before the files are looked at: an editor writes a file in several
/// steps.
const QUIET: Duration = Duration::from_millis(8);
/// How long the files are not looked at, at most: the files of a checkout come one after the other.
const QUIET_TIMEOUT: Duration = Duration::from_millis(100);
/// How often files are polled.
const POLL: Duration = Duration::from_millis(400);
/// The longest pause before a file that could not be seen is looked at again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Watching {
    /// Begins to watch. `tell` is called from another thread, for every change after this call
    /// returns.
    pub(crate) fn begin(
        rules: Rules,
        how: Watcher,
        tell: impl Fn(WatchEvent) + Send + 'static,
    ) -> Watching {
        let (to_thread, messages) = channel();
        let notified = to_thread.clone();
        // After the end of the thread, no event is needed.
        let send = move |event| drop(notified.send(Message::Notified(event)));
        let note = |text| tell(WatchEvent::Note(text));
        let notifier = Notifier::open(how, &rules.packages, send, &note);
        let (tree, unseen) = (Tree::default(), BTreeSet::new());
        let mut search = Search { rules, notifier, tree, unseen, tell: Box::new(tell) };
        search.begin();
        std::thread::spawn(move || Thread::new(search, messages).run());
        Watching { to_thread }
    }

    /// Makes the watcher follow other rules, after a build or a run that began then.
    pub(crate) fn follow(&self, rules: Rules, began: SystemTime) {
        // The thread ends only after this value is dropped.
        let _ = self.to_thread.send(Message::Follow(Box::new(rules), began));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.to_thread.send(Message::End);
    }
}

struct Thread {
    search: Search,
    messages: Receiver<Message>,
    hints: Hints,
    /// When the first hint came, and the last one.
    hinted: Option<(Instant, Instant)>,
    /// The time between two looks where files are polled.
    pace: Duration,
    /// The pause before looking again where something could not be seen.
    pause: Duration,
    /// When that pause ends.
    again: Option<Instant>,
}

impl Thread {
    fn new(search: Search, messages: Receiver<Message>) -> Self {
        let again = (!search.unseen.is_empty()).then(|| Instant::now() + POLL);
        let hints = Hints::default();
        Thread { search, messages, hints, hinted: None, pace: POLL, pause: POLL, again }
    }

    fn run(mut self) {
        loop {
            match self.messages.recv_timeout(self.wait()) {
                Ok(Message::Notified(event)) => {
                    if self.hints.note(event, &self.search.tree) {
                        let now = Instant::now();
                        self.hinted = Some((self.hinted.map_or(now, |(first, _)| first), now));
                    }
                    if self.hinted.is_none_or(|(first, _)| first.elapsed() < QUIET_TIMEOUT) {
                        continue;
                    }
                }
                Ok(Message::Follow(rules, began)) => {
                    self.search.follow(*rules, began);
                    if !self.search.unseen.is_empty() {
                        self.again = Some(Instant::now() + POLL);
                    }
                    continue;
                }
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    self.hints.all |= self.search.notifier.is_blind();
                }
            }
            self.look();
        }
    }

    /// How long to wait for a message before looking.
    fn wait(&self) -> Duration {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        match self.hinted {
            Some((first, last)) => left((last + QUIET).min(first + QUIET_TIMEOUT)),
            None if self.search.notifier.is_blind() => self.pace,
            None => self.again.map_or(Duration::MAX, left),
        }
    }

    fn look(&mut self) {
        self.hinted = None;
        let began = Instant::now();
        let before = self.search.unseen.clone();
        self.search.look(std::mem::take(&mut self.hints));
        // The longer it takes to look, the less often it happens.
        self.pace = POLL.max(began.elapsed() * 10);
        // The pause grows where the same files stay unseen.
        let is_same = self.search.unseen.is_subset(&before);
        self.pause = if is_same { (self.pause * 2).min(LONGEST_PAUSE) } else { POLL };
        self.again = (!self.search.unseen.is_empty()).then(|| Instant::now() + self.pause);
    }
}
