//! Panics in the output of a program that lives on.

use std::time::{Duration, Instant};

use crate::run::output::level::named;
use crate::run::output::panic_text::{Cause, Parser};

/// Finds panics, line by line.
#[derive(Debug, Default)]
pub(super) struct Panics {
    parser: Parser,
    /// When the last line of the panic came that is being read.
    last_line: Option<Instant>,
    /// Those that are complete, and since when.
    complete: Vec<(Cause, Instant)>,
}

/// A panic without another line for this long is complete. It is told no earlier: a program that
/// ends by it has ended by then.
const SILENCE: Duration = Duration::from_millis(100);
/// The same within a backtrace: the names of its frames have to be found first.
const SILENCE_IN_BACKTRACE: Duration = Duration::from_secs(1);

impl Panics {
    /// Takes the next line. Returns whether it is part of a panic.
    pub(super) fn take(&mut self, line: &str, now: Instant) -> bool {
        if self.parser.is_within() && (is_of_a_logger(line) || !self.parser.goes_on_with(line)) {
            // A panic may begin with this line.
            self.end(now);
        }
        if line.starts_with("Error:") {
            // The error that `main` returns ends the program, and others write such lines, too.
            self.end(now);
            return false;
        }
        let before = self.parser.take(line);
        self.note_complete(before, now);
        let is_within = self.parser.is_within();
        if is_within {
            self.last_line = Some(now);
        }
        is_within
    }

    /// When to look for complete panics, if there is anything to look for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let complete = self.complete.first().map(|(_, since)| *since + SILENCE);
        complete.or(self.end_of_silence())
    }

    /// When the panic that is being read is complete, unless there is another line.
    fn end_of_silence(&self) -> Option<Instant> {
        let silence = match self.parser.is_in_backtrace() {
            true => SILENCE_IN_BACKTRACE,
            false => SILENCE,
        };
        self.last_line.map(|last| last + silence)
    }

    /// The panics that are complete for long enough.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Cause> {
        if self.end_of_silence().is_some_and(|end| end <= now) {
            let since = self.last_line.unwrap_or(now);
            self.end(since);
        }
        let due = self.complete.iter().take_while(|(_, since)| *since + SILENCE <= now).count();
        self.complete.drain(..due).map(|(cause, _)| cause).collect()
    }

    fn end(&mut self, since: Instant) {
        let cause = self.parser.finish();
        self.note_complete(cause, since);
        self.last_line = None;
    }

    fn note_complete(&mut self, cause: Option<Cause>, since: Instant) {
        let panic = cause.filter(|cause| !cause.is_consequence());
        self.complete.extend(panic.map(|panic| (panic, since)));
    }
}

/// Whether a logger has written the line: it belongs to no panic.
fn is_of_a_logger(line: &str) -> bool {
    let is_panic = line.contains(" panicked at ");
    !is_panic && line.starts_with(|c: char| c.is_ascii_digit() || c == '[') && named(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "thread 'tokio-runtime-worker' (7) panicked at src/main.rs:9:5:";

    fn messages(causes: Vec<Cause>) -> Vec<String> {
        causes.iter().map(Cause::message).collect()
    }

    #[test]
    fn panics_are_told_after_a_short_silence_one_by_one() {
        let (mut panics, begin) = (Panics::default(), Instant::now());
        for line in ["listening", HEADING, "first", "note: run with `RUST_BACKTRACE=1`"] {
            assert_eq!(panics.take(line, begin), line != "listening");
        }
        assert!(!panics.take("GET / 500", begin), "it is no part of the panic");
        let later = begin + SILENCE / 2;
        for line in [HEADING, "second", "two lines"] {
            assert!(panics.take(line, later));
        }
        // A logger's line ends the message, and the next panic begins without a note before it.
        assert!(!panics.take("2026-02-14T23:40:00Z  INFO app: x", later));
        assert!(panics.take(HEADING, later) && panics.take("third", later));
        assert_eq!(panics.deadline(), Some(begin + SILENCE));
        assert!(panics.due(later).is_empty());
        assert_eq!(messages(panics.due(begin + SILENCE)), ["first"]);
        assert_eq!(messages(panics.due(later + SILENCE)), ["second\ntwo lines", "third"]);
        assert_eq!(panics.deadline(), None);
    }

    #[test]
    fn a_backtrace_is_read_to_its_end() {
        let (mut panics, now) = (Panics::default(), Instant::now());
        for line in [
            HEADING,
            "no",
            "stack backtrace:",
            "   0: core::panicking::panic_fmt",
            "             at /rustc/5/library/core/src/panicking.rs:80:14",
            "   1: app::handler",
            "             at ./src/main.rs:9:5",
            "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
        ] {
            assert!(panics.take(line, now), "{line}");
        }
        let due = panics.due(now + SILENCE);
        assert_eq!(due[0].frame.as_ref().unwrap().name(), "app::handler");
        assert_eq!(messages(due), ["no"]);
    }
}
