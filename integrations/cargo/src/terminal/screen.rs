//! Everything that is printed goes through here, so that lines stay whole, and so that nothing waits for
//! a reader.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use listenfd_core::internal::{escaped, escaped_json};

use crate::terminal::output::{Kind, Output, Piece};
use crate::terminal::report::{Mood, Report};

/// The terminal, or what stands in for it. Clones write to the same.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    stdout: Output,
    stderr: Output,
    line: Arc<Mutex<Line>>,
    /// Whether stderr is a terminal.
    pub(crate) is_terminal: bool,
    /// Whether to use colors.
    pub(crate) has_color: bool,
    quiet: bool,
    json: bool,
}

/// What stands in a line that is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Nothing,
    /// cargo's progress bar, which may be erased: cargo draws it again.
    Progress,
    /// What the program has said, which may not.
    Words,
    /// The same, of which the rest does not matter: its beginning was dropped.
    Dropped,
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const PLAIN: Style = AnsiColor::Cyan.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// To the start of the line, which is erased.
const ERASE_LINE: &[u8] = b"\r\x1b[K";
/// The screen and what has scrolled off it, erased.
const CLEAR: &[u8] = b"\x1b[2J\x1b[3J\x1b[H";

impl Screen {
    /// # Errors
    ///
    /// When no thread can be started.
    pub(crate) fn new(color: ColorChoice, quiet: bool, json: bool) -> io::Result<Self> {
        let is_terminal = io::stderr().is_terminal();
        let has_color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        };
        let stdout = Output::new(io::stdout(), note_of_events)?;
        let stderr = Output::new(io::stderr(), note_of_lines)?;
        let line = Arc::new(Mutex::new(Line::Nothing));
        Ok(Screen { stdout, stderr, line, is_terminal, has_color, quiet, json })
    }

    /// Tells news.
    pub(crate) fn report(&self, report: &Report) {
        if self.json {
            self.stdout.push(Piece { bytes: json_line(report), kind: Kind::Own });
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
        self.own_lines(line.as_bytes());
    }

    /// What was asked for, in TOML, on stdout.
    pub(crate) fn print(&self, text: &str) {
        self.stdout.push(Piece { bytes: escaped_json(text).to_string().into(), kind: Kind::Own });
    }

    /// An error that ends everything, on one line.
    pub(crate) fn error(&self, err: &anyhow::Error) {
        let style = if self.has_color { BAD } else { Style::new() };
        let text = format!("{style}error:{style:#} {}\n", escaped(format_args!("{err:#}")));
        self.own_lines(text.as_bytes());
    }

    fn own_lines(&self, text: &[u8]) {
        self.write(text, Line::Nothing, Kind::Own);
    }

    /// Text of others that begins and ends with whole lines. Where it is long, it waits for a reader
    /// that goes on.
    pub(crate) async fn whole_lines(&self, text: &[u8]) {
        const PART: usize = 64 * 1024;
        let mut rest = text;
        while !rest.is_empty() {
            let most = &rest[..rest.len().min(PART)];
            let end = most.iter().rposition(|byte| *byte == b'\n').map_or(most.len(), |at| at + 1);
            let (part, others) = rest.split_at(end);
            self.stderr.room().await;
            self.write(part, Line::Nothing, Kind::Others);
            rest = others;
        }
    }

    /// What cargo says, as it comes; waits as [`whole_lines`](Self::whole_lines) does.
    pub(crate) async fn cargo_says(&self, text: &[u8]) {
        let has_lines = text.contains(&b'\n');
        let kind = if self.is_terminal && !has_lines { Kind::Progress } else { Kind::Others };
        self.stderr.room().await;
        self.write(text, if self.is_terminal { Line::Progress } else { Line::Words }, kind);
    }

    /// What the program says, as it comes; waits as [`whole_lines`](Self::whole_lines) does.
    pub(crate) async fn program_says(&self, text: &[u8]) {
        self.stderr.room().await;
        self.write(text, Line::Words, Kind::Others);
    }

    /// `unfinished` is what its last line is, if it does not end with one.
    fn write(&self, text: &[u8], unfinished: Line, kind: Kind) {
        let mut line = self.lock();
        let text = match (*line, kind) {
            // The rest of a line whose beginning is not shown.
            (Line::Dropped, Kind::Others | Kind::Progress) => {
                let end = text.iter().position(|byte| *byte == b'\n');
                let Some(end) = end else { return };
                *line = Line::Nothing;
                &text[end + 1..]
            }
            _ => text,
        };
        if text.is_empty() {
            return;
        }
        let before = match (*line, unfinished) {
            (Line::Progress, Line::Nothing | Line::Words) => ERASE_LINE,
            (Line::Words, Line::Nothing | Line::Progress) => b"\n",
            _ => b"",
        };
        let ends = text.ends_with(b"\n");
        let is_shown = self.stderr.push(Piece { bytes: [before, text].concat(), kind });
        *line = match (is_shown, ends) {
            (true, true) => Line::Nothing,
            (true, false) => unfinished,
            (false, true) => *line,
            (false, false) => Line::Dropped,
        };
    }

    /// Clears it, where it can be.
    pub(crate) fn clear(&self) {
        if self.is_terminal {
            let mut line = self.lock();
            if self.stderr.push(Piece { bytes: CLEAR.to_vec(), kind: Kind::Own }) {
                *line = Line::Nothing;
            }
        }
    }

    /// Waits until all is written, but for a reader that has stopped.
    pub(crate) fn finish(&self) {
        self.stdout.finish();
        self.stderr.finish();
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stdout belongs to the news.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.json
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // It is whole, whatever panics.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn json_line(report: &Report) -> Vec<u8> {
    let line = serde_json::to_string(report).unwrap_or_default();
    format!("{}\n", escaped_json(line)).into_bytes()
}

fn note_of_events(count: usize) -> Vec<u8> {
    json_line(&Report::Note {
        message: format!("{count} events are not told: nobody has read them"),
    })
}

fn note_of_lines(count: usize) -> Vec<u8> {
    format!("\n{:>12} {count} lines are not shown: nobody has read them\n", "Note").into_bytes()
}
