//! Prints everything: lines stay whole, and nothing waits for a reader.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use listenfd_core::internal::{escaped, escaped_json};

use crate::terminal::console;
use crate::terminal::output::Output;
use crate::terminal::queue::{Kind, Piece};
use crate::terminal::report::{Mood, Report};

/// The terminal, or the pipe or file in its place. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    stdout: Output,
    stderr: Output,
    line: Arc<Mutex<Line>>,
    /// The current line of stdout, if that is no terminal.
    stdout_line: Arc<Mutex<Line>>,
    /// Whether stderr is a terminal.
    pub(crate) is_terminal: bool,
    /// Whether to use colors.
    pub(crate) has_color: bool,
    quiet: bool,
    json: bool,
}

/// What the current line holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Nothing,
    /// cargo's progress bar, which may be erased: cargo draws it again.
    Progress,
    /// Output of the program, which may not be erased.
    Words,
    /// Output whose beginning was dropped, so the rest is dropped, too.
    Dropped,
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const PLAIN: Style = AnsiColor::Cyan.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Erases the line.
const ERASE_LINE: &[u8] = b"\r\x1b[K";
/// Erases the screen, and the lines that have scrolled off it.
const CLEAR: &[u8] = b"\x1b[2J\x1b[3J\x1b[H";

impl Screen {
    /// # Errors
    ///
    /// When no thread can be started.
    pub(crate) fn new(color: ColorChoice, quiet: bool, json: bool) -> io::Result<Self> {
        let is_terminal = console::takes_escapes();
        let has_color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let choice = AutoStream::choice(&io::stderr());
                // Not on a terminal that shows escape sequences as text.
                let is_able = is_terminal || !io::stderr().is_terminal();
                choice != anstream::ColorChoice::Never && is_able
            }
        };
        let note = if json { note_of_events } else { note_of_lines };
        let stdout = Output::new(console::stdout(), note)?;
        let stderr = Output::new(console::stderr(), note_of_lines)?;
        let (line, stdout_line) = <(Arc<_>, Arc<_>)>::default();
        Ok(Screen { stdout, stderr, line, stdout_line, is_terminal, has_color, quiet, json })
    }

    /// A screen that shows nothing.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub(crate) fn dark() -> io::Result<Self> {
        let [stdout, stderr] = [(); 2].map(|()| Output::new(io::sink(), note_of_lines));
        let (line, stdout_line) = <(Arc<_>, Arc<_>)>::default();
        let (is_terminal, has_color, quiet, json) = (false, false, false, false);
        let (stdout, stderr) = (stdout?, stderr?);
        Ok(Screen { stdout, stderr, line, stdout_line, is_terminal, has_color, quiet, json })
    }

    /// Prints a report.
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

    /// Prints a line as cargo does: a verb, right-aligned, and a text.
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

    /// Prints TOML to stdout.
    pub(crate) fn print(&self, text: &str) {
        self.stdout.push(Piece { bytes: escaped_json(text).to_string().into(), kind: Kind::Own });
    }

    /// Prints an error that ends everything, on one line.
    pub(crate) fn error(&self, err: &anyhow::Error) {
        let style = if self.has_color { BAD } else { Style::new() };
        let text = format!("{style}error:{style:#} {}\n", escaped(format_args!("{err:#}")));
        self.own_lines(text.as_bytes());
    }

    fn own_lines(&self, text: &[u8]) {
        self.write(text, Line::Nothing, Kind::Own);
    }

    /// Prints whole lines of another program. Waits for a reader that is slow, but not for one that
    /// has stopped.
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

    /// Prints output of cargo as it comes; waits as [`whole_lines`](Self::whole_lines) does.
    pub(crate) async fn cargo_says(&self, text: &[u8]) {
        let has_lines = text.contains(&b'\n');
        let kind = if self.is_terminal && !has_lines { Kind::Progress } else { Kind::Others };
        self.stderr.room().await;
        self.write(text, if self.is_terminal { Line::Progress } else { Line::Words }, kind);
    }

    /// Prints output of the program as it comes; waits as [`whole_lines`](Self::whole_lines) does.
    pub(crate) async fn program_says(&self, text: &[u8]) {
        self.stderr.room().await;
        self.write(text, Line::Words, Kind::Others);
    }

    /// The same for the program's stdout. A terminal shows both streams, so there is one order of
    /// lines.
    pub(crate) async fn program_prints(&self, text: &[u8]) {
        if self.json || (self.is_terminal && io::stdout().is_terminal()) {
            return self.program_says(text).await;
        }
        self.stdout.room().await;
        write(&self.stdout, lock(&self.stdout_line), text, Line::Words, Kind::Others);
    }

    /// `unfinished` is what its last line holds, if that has no end.
    fn write(&self, text: &[u8], unfinished: Line, kind: Kind) {
        write(&self.stderr, lock(&self.line), text, unfinished, kind);
    }

    /// Clears it, if it is a terminal.
    pub(crate) fn clear(&self) {
        if self.is_terminal {
            let mut line = lock(&self.line);
            if self.stderr.push(Piece { bytes: CLEAR.to_vec(), kind: Kind::Own }) {
                *line = Line::Nothing;
            }
        }
    }

    /// Waits until all is written, unless the reader has stopped.
    pub(crate) fn finish(&self) {
        self.stdout.finish();
        self.stderr.finish();
    }

    /// Whether cargo's progress bar is shown.
    pub(crate) fn has_progress_bar(&self) -> bool {
        self.is_terminal && self.has_color && !self.quiet
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stdout is for reports alone.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.json
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    // No panic leaves it half-changed.
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `unfinished` is what the last line holds, if that has no end.
fn write(
    output: &Output,
    mut line: MutexGuard<'_, Line>,
    text: &[u8],
    unfinished: Line,
    kind: Kind,
) {
    let text = match (*line, kind) {
        // The rest of a line whose beginning was dropped.
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
    let is_shown = output.push(Piece { bytes: [before, text].concat(), kind });
    *line = match (is_shown, ends) {
        (true, true) => Line::Nothing,
        (true, false) => unfinished,
        (false, true) => *line,
        (false, false) => Line::Dropped,
    };
}

fn json_line(report: &Report) -> Vec<u8> {
    let line = serde_json::to_string(report).unwrap_or_default();
    format!("{}\n", escaped_json(line)).into_bytes()
}

fn note_of_events(count: usize) -> Vec<u8> {
    json_line(&Report::Note {
        message: format!("{count} events are not told: they were not read in time"),
    })
}

fn note_of_lines(count: usize) -> Vec<u8> {
    format!("\n{:>12} {count} lines are not shown: they were not read in time\n", "Note")
        .into_bytes()
}
