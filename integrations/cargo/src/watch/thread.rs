//! The thread that watches: waits for hints, and chooses the moment to look.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use crate::settings::values::Watcher;
use crate::watch::changes::WatchEvent;
use crate::watch::notifier::{Hints, MAY_LOSE, Notifier};
use crate::watch::rules::Rules;
use crate::watch::search::Search;
use crate::watch::tree::Tree;

/// The session's end of the watcher. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Watching {
    to_thread: Sender<Message>,
    /// The number of the last look that was asked for.
    asked: Cell<u32>,
    /// The number of the last one that other rules made necessary.
    followed: Cell<u32>,
}

#[derive(Debug)]
enum Message {
    Notified(notify::Result<notify::Event>),
    /// Other rules hold from now on. The build or the run that caused this began then.
    Follow(Box<Rules>, SystemTime, u32),
    /// Look everywhere at once, and say so afterwards.
    Look(u32),
    End,
}

/// How long nothing must happen before the files are looked at: an editor writes a file in several
/// steps.
const QUIET: Duration = Duration::from_millis(8);
/// How long the files are not looked at, at most: the files of a checkout come one after the other.
const QUIET_TIMEOUT: Duration = Duration::from_millis(100);
/// How often files are polled.
const POLL: Duration = Duration::from_millis(400);
/// Where notifications may be lost: after this time, the files are looked at once more.
const LOOK_ONCE_MORE: Duration = Duration::from_secs(1);
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
        Watching { to_thread, asked: Cell::default(), followed: Cell::default() }
    }

    /// Makes the watcher follow other rules, after a build or a run that began then.
    pub(crate) fn follow(&self, rules: Rules, began: SystemTime) {
        let number = self.next_number();
        self.followed.set(number);
        // The thread ends only after this value is dropped.
        let _ = self.to_thread.send(Message::Follow(Box::new(rules), began, number));
    }

    /// Makes the watcher look everywhere now. All that has changed by now is told before
    /// [`WatchEvent::Looked`] with the number that this returns.
    pub(crate) fn look(&self) -> u32 {
        let number = self.next_number();
        let _ = self.to_thread.send(Message::Look(number));
        number
    }

    /// Whether the watcher may still find changes by the rules that it was told last. `looked` is
    /// the number of the last [`WatchEvent::Looked`].
    pub(crate) fn is_behind(&self, looked: u32) -> bool {
        looked < self.followed.get()
    }

    fn next_number(&self) -> u32 {
        self.asked.set(self.asked.get() + 1);
        self.asked.get()
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
    /// When to look everywhere, since something was notified, and the rest may have been lost.
    once_more: Option<Instant>,
}

impl Thread {
    fn new(search: Search, messages: Receiver<Message>) -> Self {
        let again = (!search.unseen.is_empty()).then(|| Instant::now() + POLL);
        let hints = Hints::default();
        let (pace, pause) = (POLL, POLL);
        Thread { search, messages, hints, hinted: None, pace, pause, again, once_more: None }
    }

    fn run(mut self) {
        loop {
            match self.messages.recv_timeout(self.wait()) {
                Ok(Message::Notified(event)) => {
                    if MAY_LOSE {
                        self.once_more.get_or_insert_with(|| Instant::now() + LOOK_ONCE_MORE);
                    }
                    let event = event.map(|event| self.search.notifier.with_our_paths(event));
                    if self.hints.note(event, &self.search.tree) {
                        let now = Instant::now();
                        self.hinted = Some((self.hinted.map_or(now, |(first, _)| first), now));
                    }
                    if self.hinted.is_none_or(|(first, _)| first.elapsed() < QUIET_TIMEOUT) {
                        continue;
                    }
                }
                Ok(Message::Follow(rules, began, number)) => {
                    self.search.follow(*rules, began);
                    if !self.search.unseen.is_empty() {
                        self.again = Some(Instant::now() + POLL);
                    }
                    (self.search.tell)(WatchEvent::Looked(number));
                    continue;
                }
                Ok(Message::Look(number)) => {
                    // The hints are those that have come so far; others may be on their way.
                    self.hints.all = true;
                    self.look();
                    (self.search.tell)(WatchEvent::Looked(number));
                    continue;
                }
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let is_time = self.once_more.is_some_and(|time| time <= Instant::now());
                    self.hints.all |= is_time || self.search.notifier.is_blind();
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
            None => {
                let next = self.again.into_iter().chain(self.once_more).min();
                next.map_or(Duration::MAX, left)
            }
        }
    }

    fn look(&mut self) {
        self.hinted = None;
        if self.hints.all {
            self.once_more = None;
        }
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_has_changed_before_a_look_is_told_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("main.rs");
        let rules = Rules { packages: vec![folder.path().to_owned()], ..Rules::default() };
        for how in [Watcher::Poll, Watcher::Native] {
            std::fs::write(&file, "before").unwrap();
            let (tx, rx) = channel();
            let watching = Watching::begin(rules.clone(), how, move |event| drop(tx.send(event)));
            for text in 0..100 {
                std::fs::write(&file, text.to_string()).unwrap();
                let number = watching.look();
                let mut has_changed = false;
                loop {
                    match rx.recv().unwrap() {
                        WatchEvent::Changed(changes) => has_changed |= changes.files == [&*file],
                        WatchEvent::Looked(found) => break assert_eq!(found, number),
                        WatchEvent::Note(note) => panic!("{note}"),
                    }
                }
                assert!(has_changed, "{how:?}: change {text} was not told");
            }
        }
    }

    #[test]
    fn a_watcher_is_behind_until_it_follows_the_last_rules() {
        let (tx, rx) = channel();
        let tell = move |event| drop(tx.send(event));
        let watching = Watching::begin(Rules::default(), Watcher::Poll, tell);
        assert!(!watching.is_behind(0));
        watching.follow(Rules::default(), SystemTime::now());
        let number = watching.look();
        assert!(watching.is_behind(0));
        let looked = || match rx.recv().unwrap() {
            WatchEvent::Looked(number) => number,
            other => panic!("{other:?}"),
        };
        assert!(!watching.is_behind(looked()));
        assert_eq!(looked(), number);
    }
}
