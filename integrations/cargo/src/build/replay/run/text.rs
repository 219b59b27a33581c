//! The lines that cargo would print.

use std::time::Duration;

use cargo_metadata::diagnostic::DiagnosticLevel;

use crate::build::output::progress::FINISHED;
use crate::build::replay::unit::{Kind, Unit};
use crate::terminal::screen::Screen;

/// A line such as `   Compiling app v0.1.0 (/app)`.
pub(super) fn compiling(unit: &Unit, screen: &Screen) -> String {
    let value = |name| unit.record.env.get(name).map(String::as_str).unwrap_or_default();
    let folder = value("CARGO_MANIFEST_DIR");
    let text = format!("{} v{} ({folder})", value("CARGO_PKG_NAME"), value("CARGO_PKG_VERSION"));
    with_verb("Compiling", &text, screen)
}

/// A line such as `    Finished `dev` profile [unoptimized] target(s) in 0.21s`.
pub(super) fn finished(what: &str, after: Duration, screen: &Screen) -> String {
    let seconds = after.as_secs();
    let time = match seconds {
        60.. => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{seconds}.{:02}s", after.subsec_millis() / 10),
    };
    with_verb(FINISHED, &format!("{what} in {time}"), screen)
}

/// How many messages there are about a crate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) errors: usize,
    warnings: usize,
}

impl Numbers {
    pub(super) fn count(&mut self, level: DiagnosticLevel) {
        match level {
            DiagnosticLevel::Error => self.errors += 1,
            DiagnosticLevel::Warning => self.warnings += 1,
            _ => {}
        }
    }
}

/// The line after the errors of a crate, without colors.
pub(super) fn could_not_compile(unit: &Unit, is_example: bool, numbers: Numbers) -> String {
    let name = unit.record.env.get("CARGO_PKG_NAME").map(String::as_str).unwrap_or_default();
    let target = unit.record.env.get("CARGO_BIN_NAME").map(String::as_str).unwrap_or_default();
    let target = match unit.kind {
        Kind::Program if is_example => format!("example \"{target}\""),
        Kind::Program => format!("bin \"{target}\""),
        _ => "lib".to_owned(),
    };
    let warnings = match numbers.warnings {
        0 => String::new(),
        1 => "; 1 warning emitted".to_owned(),
        more => format!("; {more} warnings emitted"),
    };
    let errors = match numbers.errors {
        0 => String::new(),
        1 => " due to 1 previous error".to_owned(),
        more => format!(" due to {more} previous errors"),
    };
    format!("error: could not compile `{name}` ({target}){errors}{warnings}\n")
}

/// cargo's messages in its colors.
pub(super) fn colored(messages: &str, screen: &Screen) -> String {
    if !screen.has_color {
        return messages.to_owned();
    }
    let lines = messages.split_inclusive('\n').map(|line| {
        for (word, color) in [("warning", "33"), ("error", "91")] {
            if let Some(rest) = line.strip_prefix(word).filter(|rest| rest.starts_with(':')) {
                return format!("\x1b[1m\x1b[{color}m{word}\x1b[0m{rest}");
            }
        }
        line.to_owned()
    });
    lines.collect()
}

fn with_verb(verb: &str, text: &str, screen: &Screen) -> String {
    match screen.has_color {
        true => format!("\x1b[1m\x1b[92m{verb:>12}\x1b[0m {text}\n"),
        false => format!("{verb:>12} {text}\n"),
    }
}
