//! How many crates of a build are done.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Counts the crates of one build.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// How many cargo has told of by a message.
    told: Cell<u32>,
    /// What its progress bar said last. Either may come first.
    bar: Cell<Option<(u32, u32)>>,
    /// Whether there is anything to do. A build that finds nothing to compile is not worth a sign.
    works: Cell<bool>,
    changed: Notify,
}

/// So often at most it is told.
const INTERVAL: Duration = Duration::from_millis(100);
/// A build that takes this long has something to do, even if cargo says nothing.
const QUIET: Duration = Duration::from_secs(1);

impl Count {
    /// Notes that cargo compiles, downloads or waits.
    pub(crate) fn note_work(&self) {
        self.works.set(true);
        self.changed.notify_one();
    }

    /// Notes that one more is done. `is_fresh`: there was nothing to do for it.
    pub(crate) fn note_done(&self, is_fresh: bool) {
        self.told.set(self.told.get().saturating_add(1));
        if !is_fresh {
            self.works.set(true);
        }
        self.changed.notify_one();
    }

    /// Notes what cargo's progress bar says.
    pub(crate) fn note_bar(&self, done: u32, total: u32) {
        self.bar.set(Some((done, total)));
        self.changed.notify_one();
    }

    fn counts(&self) -> (u32, Option<u32>) {
        let told = self.told.get();
        match self.bar.get() {
            Some((done, total)) => (told.max(done).min(total), Some(total)),
            None => (told, None),
        }
    }

    /// Tells how many are done of how many, at each change, as soon as there is anything to do.
    pub(crate) async fn tell(&self, tell: impl Fn(u32, Option<u32>)) -> Infallible {
        let begins = async {
            while !self.works.get() {
                self.changed.notified().await;
            }
        };
        let _ = timeout(QUIET, begins).await;
        loop {
            let (done, total) = self.counts();
            tell(done, total);
            sleep(INTERVAL).await;
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap().block_on(test)
    }

    #[test]
    fn a_build_with_nothing_to_compile_is_not_told_of_and_others_are_at_once() {
        run(async {
            let (count, told) = (Count::default(), RefCell::new(Vec::new()));
            let telling = count.tell(|done, total| told.borrow_mut().push((done, total)));
            let mut telling = std::pin::pin!(telling);
            (0..400).for_each(|_| count.note_done(true));
            let _ = timeout(Duration::from_millis(500), &mut telling).await;
            assert!(told.borrow().is_empty());
            count.note_work();
            let _ = timeout(Duration::from_millis(1), &mut telling).await;
            assert_eq!(*told.borrow(), [(400, None)]);
        });
    }

    #[test]
    fn a_crate_that_is_told_of_twice_counts_once() {
        let count = Count::default();
        count.note_bar(69, 70);
        // The messages about the same crates are read after the bar.
        (0..69).for_each(|_| count.note_done(true));
        assert_eq!(count.counts(), (69, Some(70)));
        count.note_done(false);
        assert_eq!(count.counts(), (70, Some(70)));
    }

    #[test]
    fn changes_are_told_ten_times_a_second_and_the_last_one_too() {
        run(async {
            let (count, told) = (Count::default(), RefCell::new(Vec::new()));
            let telling = count.tell(|done, total| told.borrow_mut().push((done, total)));
            let changing = async {
                count.note_work();
                for number in 0..100 {
                    count.note_bar(number, 120);
                    count.note_done(false);
                    sleep(Duration::from_millis(10)).await;
                }
                sleep(Duration::from_millis(200)).await;
            };
            let began = Instant::now();
            tokio::select! { never = telling => match never {}, () = changing => {} }
            let told = told.into_inner();
            assert!(told.len() <= 13, "{} within {:?}", told.len(), began.elapsed());
            assert_eq!(told.last(), Some(&(100, Some(120))));
        });
    }
}
