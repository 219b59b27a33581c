//! Everything that is printed goes through here, so that lines stay whole.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use listenfd_core::{escaped, escaped_json};

use crate::report::{Mood, Report};

/// The terminal, or what stands in for it. Clones write to the same.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    inner: Arc<Mutex<Inner>>,
    /// Whether stderr is a terminal.
    pub(crate) is_terminal: bool,
    /// Whether to use colors.
    pub(crate) has_color: bool,
    quiet: bool,
    json: bool,
}

#[derive(Debug)]
struct Inner {
    stderr: io::Stderr,
    /// What stands in the line where the cursor is.
    line: Line,
}

/// What stands in a line that is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Nothing,
    /// cargo's progress bar, which may be erased: cargo draws it again.
    Progress,
    /// What the program has said, which may not.
    Words,
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const PLAIN: Style = AnsiColor::Cyan.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// To the start of the line, which is erased.
const ERASE_LINE: &[u8] = b"\r\x1b[K";
/// The screen and what has scrolled off it, erased.
const CLEAR: &[u8] = b"\x1b[2J\x1b[3J\x1b[H";

impl Screen {
    pub(crate) fn new(color: ColorChoice, quiet: bool, json: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let has_color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        };
        let inner = Inner { stderr: io::stderr(), line: Line::Nothing };
        Screen { inner: Arc::new(Mutex::new(inner)), is_terminal, has_color, quiet, json }
    }

    /// Tells news.
    pub(crate) fn report(&self, report: &Report) {
        if self.json {
            if let Ok(line) = serde_json::to_string(report) {
                // A reader that has gone is no reason to stop.
                let _ = writeln!(io::stdout(), "{}", escaped_json(line));
            }
            return;
        }
        if self.quiet && !report.is_error() {
            return;
        }
        if let Some((verb, text, mood)) = report.line() {
            self.line(verb, &text, mood);
        }
    }

    /// A line in cargo's manner: a verb, right-aligned, and a text.
    pub(crate) fn line(&self, verb: &str, text: &str, mood: Mood) {
        let style = match mood {
            Mood::Good => GOOD,
            Mood::Plain => PLAIN,
            Mood::Bad => BAD,
        };
        let line = match self.has_color {
            true => format!("{style}{verb:>12}{style:#} {text}\n"),
            false => format!("{verb:>12} {}\n", anstream::adapter::strip_str(text)),
        };
        self.whole_lines(line.as_bytes());
    }

    /// What was asked for, in TOML, on stdout.
    pub(crate) fn print(&self, text: &str) {
        let _ = write!(io::stdout(), "{}", escaped_json(text));
    }

    /// An error that ends everything, on one line.
    pub(crate) fn error(&self, err: &anyhow::Error) {
        let style = if self.has_color { BAD } else { Style::new() };
        self.whole_lines(
            format!("{style}error:{style:#} {}\n", escaped(format_args!("{err:#}"))).as_bytes(),
        );
    }

    /// Text of others that begins and ends with whole lines.
    pub(crate) fn whole_lines(&self, text: &[u8]) {
        self.write(text, Line::Nothing);
    }

    /// What cargo says, as it comes.
    pub(crate) fn cargo_says(&self, text: &[u8]) {
        self.write(text, if self.is_terminal { Line::Progress } else { Line::Words });
    }

    /// What the program says, as it comes.
    pub(crate) fn program_says(&self, text: &[u8]) {
        self.write(text, Line::Words);
    }

    /// `unfinished` is what its last line is, if it does not end with one.
    fn write(&self, text: &[u8], unfinished: Line) {
        let mut inner = self.lock();
        let before = match (inner.line, unfinished) {
            (Line::Progress, Line::Nothing | Line::Words) => ERASE_LINE,
            (Line::Words, Line::Nothing | Line::Progress) => b"\n",
            _ => b"",
        };
        let _ = inner.stderr.write_all(before);
        let _ = inner.stderr.write_all(text);
        inner.line = if text.ends_with(b"\n") { Line::Nothing } else { unfinished };
    }

    /// Clears it, where it can be.
    pub(crate) fn clear(&self) {
        if self.is_terminal {
            let mut inner = self.lock();
            let _ = inner.stderr.write_all(CLEAR);
            inner.line = Line::Nothing;
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stdout belongs to the news.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.json
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked has written half a line at worst.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
