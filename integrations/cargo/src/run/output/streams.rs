//! The streams of the program: read, shown on the screen, kept, and understood.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::page::state::{LogLevel, LogLine};
use crate::run::output::level::Levels;
use crate::run::output::lines::Lines;
use crate::run::output::panic_text::Cause;
use crate::run::output::panics::Panics;
use crate::run::output::rate::Rate;
use crate::terminal::screen::Screen;

/// What a program has said.
#[derive(Debug)]
pub(crate) enum Said {
    /// Lines of its output.
    Lines(Vec<LogLine>),
    /// It has panicked, and lives on.
    Panic(Cause),
}

/// Which of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stdout,
    Stderr,
}

/// The end of its output.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    stderr: VecDeque<u8>,
    /// Both streams, in the order in which they were read.
    both: VecDeque<u8>,
    /// The streams that were read to their end.
    ended: Vec<Kind>,
}

/// Reads one stream.
#[derive(Debug)]
pub(crate) struct Stream<T> {
    kind: Kind,
    screen: Screen,
    tail: Rc<RefCell<Tail>>,
    /// Whether its lines are told.
    has_log: bool,
    tell: T,
    lines: Lines,
    levels: Levels,
    panics: Panics,
    rate: Rate,
}

/// How much of the output is kept.
const TAIL: usize = 64 * 1024;

impl<T: Fn(Said)> Stream<T> {
    pub(crate) fn new(
        kind: Kind,
        screen: Screen,
        tail: Rc<RefCell<Tail>>,
        has_log: bool,
        tell: T,
    ) -> Self {
        Stream {
            kind,
            screen,
            tail,
            has_log,
            tell,
            lines: Lines::default(),
            levels: Levels::default(),
            panics: Panics::default(),
            rate: Rate::new(Instant::now()),
        }
    }

    /// Reads it to its end.
    pub(crate) async fn read(mut self, from: Option<impl AsyncRead + Unpin>) {
        let Some(mut from) = from else { return self.tail.borrow_mut().ended.push(self.kind) };
        let mut buffer = [0; 4096];
        loop {
            let deadline =
                [self.panics.deadline(), self.rate.deadline()].into_iter().flatten().min();
            tokio::select! {
                read = from.read(&mut buffer) => match read {
                    Ok(length @ 1..) => self.take(&buffer[..length]).await,
                    _ => break,
                },
                () = until(deadline) => self.tell_due(),
            }
        }
        self.end();
    }

    async fn take(&mut self, bytes: &[u8]) {
        self.tail.borrow_mut().keep(self.kind, bytes);
        let (mut found, now) = (Vec::new(), Instant::now());
        let mut lines = std::mem::take(&mut self.lines);
        lines.take(bytes, |line| found.extend(self.understood(line, now)));
        self.lines = lines;
        self.tell_lines(found);
        match self.kind {
            Kind::Stdout => self.screen.program_prints(bytes).await,
            Kind::Stderr => self.screen.program_says(bytes).await,
        }
    }

    /// The line, if it is told.
    fn understood(&mut self, line: String, now: Instant) -> Option<LogLine> {
        // Panics are written to stderr.
        let is_panic = self.kind == Kind::Stderr && self.panics.take(&line, now);
        let level = if is_panic { self.levels.note_panic() } else { self.levels.of(&line) };
        let is_told = self.has_log && !line.trim().is_empty() && self.rate.admits(now);
        is_told.then_some(LogLine { level, text: line })
    }

    fn tell_lines(&self, lines: Vec<LogLine>) {
        if !lines.is_empty() {
            (self.tell)(Said::Lines(lines));
        }
    }

    fn tell_due(&mut self) {
        let now = Instant::now();
        self.panics.due(now).into_iter().for_each(|panic| (self.tell)(Said::Panic(panic)));
        let left_out = self.rate.left_out(now, false);
        self.tell_lines(left_out.map(note).into_iter().collect());
    }

    /// A panic that is not told yet has ended the program, most likely.
    fn end(&mut self) {
        self.tail.borrow_mut().ended.push(self.kind);
        let now = Instant::now();
        let rest = self.lines.rest().and_then(|line| self.understood(line, now));
        let left_out = self.rate.left_out(now, true).map(note);
        self.tell_lines(rest.into_iter().chain(left_out).collect());
    }
}

impl Tail {
    fn keep(&mut self, kind: Kind, bytes: &[u8]) {
        if kind == Kind::Stderr {
            keep(&mut self.stderr, bytes);
        }
        keep(&mut self.both, bytes);
    }

    /// The last lines of stderr, without escape sequences.
    pub(crate) fn stderr(&self) -> String {
        plain(&self.stderr, self.ended.contains(&Kind::Stderr))
    }

    /// The last lines of both streams, without escape sequences.
    pub(crate) fn both(&self) -> String {
        let has_ended = [Kind::Stdout, Kind::Stderr].iter().all(|kind| self.ended.contains(kind));
        plain(&self.both, has_ended)
    }
}

/// Keeps the last lines, and no part of a line: half a secret could not be found and hidden.
fn keep(tail: &mut VecDeque<u8>, bytes: &[u8]) {
    tail.extend(bytes);
    let surplus = tail.len().saturating_sub(TAIL);
    if surplus > 0 {
        let end = tail.iter().skip(surplus - 1).position(|byte| *byte == b'\n');
        tail.drain(..end.map_or(surplus, |end| surplus + end));
    }
}

/// The text, without a last line that may go on: half a secret could not be found and hidden.
fn plain(bytes: &VecDeque<u8>, has_ended: bool) -> String {
    let end = match has_ended {
        true => bytes.len(),
        false => bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1),
    };
    let bytes: Vec<u8> = bytes.iter().take(end).copied().collect();
    anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string()
}

fn note(left_out: u32) -> LogLine {
    LogLine { level: LogLevel::Warn, text: format!("cargo devserver: {left_out} lines left out") }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_at_the_end_of_a_stream_are_kept() {
        let mut tail = VecDeque::new();
        for number in 0..20_000 {
            keep(&mut tail, format!("line {number}\n").as_bytes());
        }
        let text = plain(&tail, false);
        assert!(tail.len() <= TAIL && tail.len() > TAIL - 20, "{}", tail.len());
        assert!(text.starts_with("line 1") && text.ends_with("line 19999\n"));
        keep(&mut tail, &vec![b'x'; TAIL + 1]);
        assert_eq!(tail.len(), TAIL);
    }

    #[test]
    fn a_last_line_is_kept_when_it_is_whole() {
        let mut tail = Tail::default();
        tail.keep(Kind::Stderr, b"one\nhalf of a sec");
        assert_eq!((&*tail.stderr(), &*tail.both()), ("one\n", "one\n"));
        tail.ended.push(Kind::Stderr);
        assert_eq!((&*tail.stderr(), &*tail.both()), ("one\nhalf of a sec", "one\n"));
        tail.ended.push(Kind::Stdout);
        assert_eq!(tail.both(), "one\nhalf of a sec");
        let mut tail = Tail::default();
        tail.keep(Kind::Stdout, b"half");
        assert_eq!(tail.both(), "");
    }
}
