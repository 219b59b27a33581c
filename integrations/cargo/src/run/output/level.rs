//! The level of a line of output, by the forms of the usual loggers.

use crate::page::state::LogLevel;

/// Says how serious lines are, one after the other.
#[derive(Debug, Default)]
pub(super) struct Levels {
    /// The level of the last line that has named one.
    last: Option<LogLevel>,
}

impl Levels {
    /// The level of the next line. An indented line belongs to the line before it.
    pub(super) fn of(&mut self, line: &str) -> LogLevel {
        if let Some(level) = named(line) {
            self.last = Some(level);
            return level;
        }
        if !line.starts_with([' ', '\t']) {
            self.last = None;
        }
        self.last.unwrap_or(LogLevel::Info)
    }

    /// The next line is part of a panic.
    pub(super) fn note_panic(&mut self) -> LogLevel {
        self.last = Some(LogLevel::Error);
        LogLevel::Error
    }
}

/// How many words may stand before the level: times, threads, names in brackets.
const WORDS_BEFORE: usize = 5;

/// The level that a line names.
pub(super) fn named(line: &str) -> Option<LogLevel> {
    let line = line.trim_start();
    if line.starts_with('{') {
        return in_json(line);
    }
    in_front(line).or_else(|| by_first_word(line))
}

/// `2026-01-01T00:00:00Z  INFO app: …` (tracing-subscriber), `[2026-01-01T00:00:00Z INFO  app] …`
/// (env_logger), `[2026-01-01][app][INFO] …` (fern), `INFO app > …` (pretty_env_logger).
fn in_front(line: &str) -> Option<LogLevel> {
    let mut rest = line;
    for _ in 0..=WORDS_BEFORE {
        let start = rest.trim_start_matches([' ', '\t', '[', ']', '(', ')', '<', '>', '|']);
        let is_in_brackets = rest[..rest.len() - start.len()].ends_with('[');
        let end = start.find([' ', '\t', '[', ']', '(', ')', '<', '>', '|']);
        let word = &start[..end.unwrap_or(start.len())];
        if let Some(level) = level(word.trim_end_matches(':')) {
            return Some(level);
        }
        // Times have digits, and so have the names of threads.
        let may_be_before = is_in_brackets || word.bytes().any(|byte| byte.is_ascii_digit());
        if word.is_empty() || !may_be_before {
            return None;
        }
        rest = &start[word.len()..];
    }
    None
}

fn level(word: &str) -> Option<LogLevel> {
    match word {
        "ERROR" | "ERR" | "ERRO" | "FATAL" | "CRIT" | "CRITICAL" => Some(LogLevel::Error),
        "WARN" | "WARNING" | "WRN" => Some(LogLevel::Warn),
        "INFO" | "INF" | "NOTICE" => Some(LogLevel::Info),
        "DEBUG" | "DEBG" | "DBG" => Some(LogLevel::Debug),
        "TRACE" | "TRCE" | "TRC" => Some(LogLevel::Trace),
        _ => None,
    }
}

fn in_json(line: &str) -> Option<LogLevel> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    let level_of =
        ["level", "lvl", "severity", "log.level"].iter().find_map(|key| value.get(key))?;
    match level_of.as_u64() {
        // As bunyan and pino count.
        Some(number) => Some(match number {
            50.. => LogLevel::Error,
            40.. => LogLevel::Warn,
            30.. => LogLevel::Info,
            20.. => LogLevel::Debug,
            _ => LogLevel::Trace,
        }),
        None => level(&level_of.as_str()?.to_ascii_uppercase()),
    }
}

/// `error: …`, `Warning: …`.
fn by_first_word(line: &str) -> Option<LogLevel> {
    let end = line.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(line.len());
    match line[..end].to_ascii_lowercase().as_str() {
        "error" | "fatal" | "panic" => Some(LogLevel::Error),
        "warning" | "warn" => Some(LogLevel::Warn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_usual_loggers() {
        use LogLevel::{Debug, Error, Info, Trace, Warn};
        for (line, expected) in [
            ("2026-02-14T23:40:00.000000Z  INFO app: listening", Some(Info)),
            ("  2026-02-14T23:40:00.000000Z ERROR app::db: gone, code: 5", Some(Error)),
            (" WARN app: without a time", Some(Warn)),
            ("2026-02-14T23:40:00Z DEBUG request{method=GET}: app: x", Some(Debug)),
            ("2026-02-14T23:40:00Z TRACE ThreadId(01) app: x", Some(Trace)),
            ("[2026-02-14T23:40:00Z ERROR app] no", Some(Error)),
            ("[WARN  app] no", Some(Warn)),
            ("[2026-02-14][app::db][DEBUG] query", Some(Debug)),
            ("2026-02-14 23:40:00,123 [main] INFO  app - hello", Some(Info)),
            ("INFO  app > hello", Some(Info)),
            ("Feb 14 INFO x", None),
            (r#"{"timestamp":"2026","level":"WARN","fields":{"message":"x"}}"#, Some(Warn)),
            (r#"{"level":50,"msg":"x"}"#, Some(Error)),
            (r#"{"msg":"ERROR"}"#, None),
            ("{not json", None),
            ("error[E0308]: mismatched types", Some(Error)),
            ("Warning: deprecated", Some(Warn)),
            ("Errors: 0", None),
            ("GET /ERROR 200", None),
            ("listening on 127.0.0.1:3000", None),
            ("", None),
            ("]]]] é", None),
        ] {
            assert_eq!(named(line), expected, "{line}");
        }
    }

    #[test]
    fn indented_lines_belong_to_the_line_before() {
        let mut levels = Levels::default();
        let found = [
            "  2026-02-14T23:40:00Z ERROR app: no",
            "    at src/main.rs:3",
            "    in app::handler",
            "listening",
            "   indented",
        ];
        let found = found.map(|line| levels.of(line));
        use LogLevel::{Error, Info};
        assert_eq!(found, [Error, Error, Error, Info, Info]);
    }
}
