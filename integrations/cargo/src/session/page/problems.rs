//! Why there is nothing new to run, as pages are told.

use crate::build::built::BuildErrors;
use crate::page::clock::now;
use crate::page::state::{Diagnostic, Level, Panic, Problem, ProblemKind};
use crate::project::env_files::EnvFileError;
use crate::run::output::panic_text;
use crate::run::program::End;
use crate::session::page::text::{beginning, end as last, message, title};
use crate::terminal::hints::LATE;

/// A problem about which nothing is known yet.
fn problem(kind: ProblemKind, title: String, text: String) -> Problem {
    Problem {
        kind,
        title,
        since: now(),
        diagnostics: Vec::new(),
        errors: 0,
        panic: None,
        status: None,
        text,
        hint: None,
    }
}

/// It does not build. `hide` takes secrets out; a macro or a build script may have printed some.
pub(super) fn of_build(errors: &BuildErrors, hide: impl Fn(&str) -> String) -> Problem {
    let shown = |found: Diagnostic| Diagnostic {
        message: message(&hide(&found.message)),
        rendered: hide(&found.rendered),
        ..found
    };
    let diagnostics: Vec<_> = errors.diagnostics.shown().into_iter().map(shown).collect();
    let first = diagnostics.first().filter(|first| first.level == Level::Error);
    let title = match first {
        Some(first) => title(&first.message),
        None => of_cargo(&errors.text),
    };
    let text = beginning(&hide(&errors.text));
    Problem {
        diagnostics,
        errors: errors.diagnostics.errors,
        ..problem(ProblemKind::Build, title, text)
    }
}

/// The first error of cargo itself, such as one in a manifest.
fn of_cargo(text: &str) -> String {
    let error = text.lines().find_map(|line| line.strip_prefix("error: "));
    title(error.unwrap_or(text))
}

/// An environment file cannot be read. Its content is secret.
pub(super) fn of_environment(err: &EnvFileError) -> Problem {
    let text = err.for_requests();
    let line = text.strip_prefix("cargo devserver: ").unwrap_or(&text);
    problem(ProblemKind::Environment, title(line), text.clone())
}

/// The program has ended by itself. Secrets are hidden in its output already.
pub(super) fn of_crash(end: &End, panic: Option<Panic>, hint: Option<String>) -> Problem {
    let title = match (end.is_daemon, &panic, panic_text::last_in(&end.stderr)) {
        (true, ..) => "the program has gone into the background".to_owned(),
        (false, Some(panic), _) => title(&panic.message),
        (false, None, Some(error)) => title(&error.message()),
        (false, None, None) if !end.has_run => title(&end.status),
        (false, None, None) => format!("the program has ended: {}", title(&end.status)),
    };
    Problem {
        panic,
        status: Some(message(&end.status)),
        hint,
        ..problem(ProblemKind::Crash, title, last(&end.output))
    }
}

/// The program runs, and is not ready. Secrets are hidden in its output already.
pub(super) fn of_late(output: &str) -> Problem {
    let title = "the program runs, but is not ready".to_owned();
    Problem { hint: Some(LATE.to_owned()), ..problem(ProblemKind::NeverReady, title, last(output)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_told_by_its_panic_its_error_or_its_status() {
        let title = |stderr: &str, has_run, is_daemon| {
            let (status, stderr) = ("exit status: 7".to_owned(), stderr.to_owned());
            let end = End { status, output: stderr.clone(), stderr, has_run, is_daemon };
            of_crash(&end, None, None).title
        };
        assert_eq!(title("x\nError: no database\n\nCaused by:\n  y\n", true, false), "no database");
        assert_eq!(title("x\n", true, false), "the program has ended: exit status: 7");
        assert_eq!(title("", false, false), "exit status: 7");
        assert_eq!(title("", true, true), "the program has gone into the background");
    }

    #[test]
    fn an_error_of_cargo_itself_is_its_first_error() {
        let text = "warning: unused key\nerror: failed to parse manifest at `/p/Cargo.toml`\n\n\
                    Caused by:\n  hunter2 is no version\n";
        let errors = BuildErrors { text: text.to_owned(), ..BuildErrors::default() };
        let problem = of_build(&errors, |text| text.replace("hunter2", "[hidden]"));
        assert_eq!(problem.title, "failed to parse manifest at `/p/Cargo.toml`");
        assert!(problem.diagnostics.is_empty() && problem.errors == 0);
        assert!(problem.text.contains("[hidden] is no version"), "{}", problem.text);
    }
}
