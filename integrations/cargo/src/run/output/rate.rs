//! How many lines of output are shown to pages.

use std::time::{Duration, Instant};

/// Bounds the lines of each second.
#[derive(Debug)]
pub(super) struct Rate {
    /// When the second began.
    began: Instant,
    lines: u32,
    /// How many lines of this second were left out.
    left_out: u32,
}

/// Per second.
const MOST: u32 = 500;
const SECOND: Duration = Duration::from_secs(1);

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Rate { began: now, lines: 0, left_out: 0 }
    }

    /// Whether the next line is shown.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        if now.duration_since(self.began) >= SECOND && self.left_out == 0 {
            (self.began, self.lines) = (now, 0);
        }
        let admits = self.lines < MOST;
        match admits {
            true => self.lines += 1,
            false => self.left_out = self.left_out.saturating_add(1),
        }
        admits
    }

    /// When to tell how many lines were left out, if any were.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.left_out > 0).then(|| self.began + SECOND)
    }

    /// How many lines were left out, if it is time to tell; `is_end`: there are no more lines.
    pub(super) fn left_out(&mut self, now: Instant, is_end: bool) -> Option<u32> {
        let is_due = self.deadline().is_some_and(|deadline| is_end || deadline <= now);
        is_due.then(|| std::mem::replace(self, Rate::new(now)).left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_counted_and_told_of_once_a_second() {
        let begin = Instant::now();
        let mut rate = Rate::new(begin);
        let admitted = (0..1200).filter(|_| rate.admits(begin)).count();
        assert_eq!(admitted, 500);
        assert_eq!(rate.left_out(begin, false), None);
        assert_eq!(rate.deadline(), Some(begin + SECOND));
        assert_eq!(rate.left_out(begin + SECOND, false), Some(700));
        assert_eq!(rate.left_out(begin + SECOND, true), None);
        assert!(rate.admits(begin + SECOND));
        // Slowly, without an end.
        for second in 2..1000 {
            assert!(rate.admits(begin + SECOND * second));
        }
        let later = begin + SECOND * 2000;
        assert_eq!((0..501).filter(|_| rate.admits(later)).count(), 500);
        assert_eq!(rate.left_out(later, true), Some(1));
    }
}
