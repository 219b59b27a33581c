//! What is printed: lines and errors, on stderr. Stdout belongs to the program.

use std::io::{self, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use listenfd_core::internal::escaped;

/// Prints to stderr: stdout belongs to the program.
pub(super) struct Output {
    stream: AutoStream<io::Stderr>,
    quiet: bool,
}

const DIM: Style = Style::new().dimmed().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();

impl Output {
    pub(super) fn new(color: ColorChoice, quiet: bool) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Output { stream: AutoStream::new(io::stderr(), choice), quiet }
    }

    pub(super) fn line(&mut self, line: &str) {
        if !self.quiet {
            // The program runs also where stderr is closed.
            let _ = writeln!(self.stream, "{DIM}~>{DIM:#} {CYAN}{}{CYAN:#}", escaped(line));
        }
    }

    pub(super) fn error(&mut self, err: &anyhow::Error) {
        let _ = writeln!(self.stream, "{RED}systemfd:{RED:#} {}", escaped(format_args!("{err:#}")));
    }
}
