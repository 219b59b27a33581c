//! A status as text for people.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use listenfd_core::internal::{escaped, escaped_lines};
use serde::Deserialize;
use serde_json::Value;

use crate::control::status::{Condition, Target};

/// What people are shown of a status.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Shown {
    pub(super) state: Condition,
    since: u64,
    pub(super) pid: u32,
    program_pid: Option<i32>,
    urls: Vec<String>,
    pub(super) package: String,
    pub(super) program: String,
    pub(super) target: Target,
    boot: Option<String>,
    build: Option<Build>,
    problem: Option<Problem>,
    warnings: usize,
    output: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Build {
    done: u32,
    total: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
struct Problem {
    title: String,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    panic: Option<Panic>,
    text: String,
    hint: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Diagnostic {
    code: Option<String>,
    message: String,
    place: Option<Location>,
}

#[derive(Clone, Debug, Deserialize)]
struct Panic {
    place: Option<Location>,
}

#[derive(Clone, Debug, Deserialize)]
struct Location {
    file: String,
    line: u32,
    column: u32,
}

impl Shown {
    /// # Errors
    ///
    /// When it is the status of another version.
    pub(super) fn of(status: &Value) -> anyhow::Result<Self> {
        Shown::deserialize(status).context("the cargo devserver that runs has another version")
    }

    /// All that fits on one line.
    pub(super) fn on_one_line(&self) -> String {
        let kind = if self.target == Target::Example { "example " } else { "" };
        let urls: String = self.urls.iter().map(|url| format!(", {}", escaped(url))).collect();
        let (program, package) = (escaped(&self.program), escaped(&self.package));
        format!("{kind}{program} of package {package}, pid {}{urls}", self.pid)
    }

    /// For `status`: some lines, with the first error.
    pub(super) fn in_short(&self) -> String {
        let mut text = self.headline();
        for url in &self.urls {
            let _ = writeln!(text, "  {}", escaped(url));
        }
        if let Some(first) = self.problem.as_ref().and_then(Problem::first) {
            let _ = writeln!(text, "  {first}");
        }
        let counts = [
            (self.problem.as_ref().map_or(0, |problem| problem.errors), "error"),
            (self.warnings, "warning"),
        ];
        for (count, word) in counts.iter().filter(|(count, _)| *count > 0) {
            let _ = writeln!(text, "  {count} {word}{}", if *count == 1 { "" } else { "s" });
        }
        let program = self.program_pid.map(|pid| format!("pid {pid}, ")).unwrap_or_default();
        let _ = writeln!(text, "  {program}cargo devserver: pid {}", self.pid);
        if let Some(output) = &self.output {
            let output = anstream::adapter::strip_str(output).to_string();
            let _ = writeln!(text, "\n{}", escaped_lines(output.trim_end()));
        }
        text
    }

    /// For `wait`: the reason, in full.
    pub(super) fn in_full(&self) -> String {
        let mut text = self.headline();
        if let Some(problem) = &self.problem {
            let whole = if problem.text.trim().is_empty() { &problem.title } else { &problem.text };
            let whole = anstream::adapter::strip_str(whole).to_string();
            let _ = writeln!(text, "{}", escaped_lines(whole.trim_end()));
            if let Some(hint) = &problem.hint {
                let _ = writeln!(text, "{}", escaped(hint));
            }
        }
        text
    }

    /// What it does, and since when.
    pub(super) fn headline(&self) -> String {
        let what = match self.state {
            Condition::Building => match &self.build {
                Some(Build { done, total: Some(total) }) => format!("building ({done}/{total})"),
                _ => "building".to_owned(),
            },
            Condition::Starting => "starting".to_owned(),
            Condition::Serving => "serving".to_owned(),
            Condition::Failed => "failed".to_owned(),
            Condition::Crashed => "crashed".to_owned(),
            Condition::NeverReady => "not ready".to_owned(),
            Condition::Stopping => "stopping".to_owned(),
        };
        let is_old = self.boot.is_some() && self.state != Condition::Serving;
        let old = if is_old { "; the old program serves" } else { "" };
        let since = SystemTime::UNIX_EPOCH + Duration::from_millis(self.since);
        let since = duration(since.elapsed().unwrap_or_default());
        format!("{}: {what} for {since}{old}\n", escaped(&self.program))
    }
}

impl Problem {
    /// The first error, or the panic, and where.
    fn first(&self) -> Option<String> {
        let at = |place: &Option<Location>| {
            let place = place.as_ref()?;
            Some(format!(" ({}:{}:{})", escaped(&place.file), place.line, place.column))
        };
        if let Some(first) = self.diagnostics.first() {
            let code = first.code.as_ref().map(|code| format!("[{}]", escaped(code)));
            let (code, place) = (code.unwrap_or_default(), at(&first.place).unwrap_or_default());
            return Some(format!("error{code}: {}{place}", escaped(&first.message)));
        }
        let place = self.panic.as_ref().and_then(|panic| at(&panic.place)).unwrap_or_default();
        (!self.title.is_empty()).then(|| format!("{}{place}", escaped(&self.title)))
    }
}

fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status() -> Value {
        json!({
            "state": "failed", "since": 0, "pid": 1, "program_pid": 2, "package": "app",
            "program": "app", "target": "bin", "urls": ["http://127.0.0.1:3000/"], "boot": "a-1",
            "build": null, "warnings": 2, "problem": {
                "kind": "build", "title": "mismatched types", "errors": 1, "panic": null,
                "hint": null, "text": "error[E0308]: mismatched types\n --> src/main.rs:3:5\n",
                "diagnostics": [{ "level": "error", "code": "E0308", "message": "mismatched types",
                    "place": { "file": "src/main.rs", "path": "/", "line": 3, "column": 5 },
                    "rendered": "" }],
            },
        })
    }

    #[test]
    fn people_are_shown_the_first_error_or_all_of_it() {
        let shown = Shown::of(&status()).unwrap();
        let short = shown.in_short();
        let (first, rest) = short.split_once('\n').unwrap();
        assert!(first.starts_with("app: failed for ") && first.ends_with("the old program serves"));
        assert_eq!(
            rest,
            "  http://127.0.0.1:3000/\n  error[E0308]: mismatched types (src/main.rs:3:5)\n  \
             1 error\n  2 warnings\n  pid 2, cargo devserver: pid 1\n"
        );
        assert!(shown.in_full().ends_with("\n --> src/main.rs:3:5\n"), "{}", shown.in_full());
    }

    #[test]
    fn text_of_others_cannot_control_the_terminal() {
        let evil = "\u{1b}[2J\u{9b}31m\r\u{202e}x";
        let mut status = status();
        for field in ["package", "program"] {
            status[field] = evil.into();
        }
        status["urls"] = json!([evil]);
        status["output"] = evil.into();
        for field in ["title", "text", "hint"] {
            status["problem"][field] = evil.into();
        }
        status["problem"]["diagnostics"][0]["message"] = evil.into();
        status["problem"]["diagnostics"][0]["place"]["file"] = evil.into();
        let shown = Shown::of(&status).unwrap();
        for text in [shown.in_short(), shown.in_full(), shown.on_one_line()] {
            assert_eq!(escaped_lines(&text).to_string(), text);
        }
    }
}
