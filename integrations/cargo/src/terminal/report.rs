//! Reports of what happens: a line for people, or a line of JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

use listenfd_core::internal::{escaped, escaped_lines};
use serde::Serialize;

use crate::build::built::BuiltBy;

/// A report.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Report {
    /// A socket is open.
    Listening {
        /// The socket's URL or address.
        address: String,
        name: Option<String>,
        /// The fd at which the program gets it.
        fd: Option<u32>,
    },
    /// The same socket, by an address in the network.
    Network { url: String },
    /// Information for the user.
    Note { message: String },
    /// A build begins.
    Building { program: String, changed: Vec<String> },
    /// The build waits for another cargo.
    Blocked { message: String },
    /// The program that was built is the one that runs.
    Unchanged {
        #[serde(rename = "build_ms", serialize_with = "millis")]
        build: Duration,
        built_by: BuiltBy,
    },
    /// It does not build.
    Failed {
        #[serde(rename = "build_ms", serialize_with = "millis")]
        build: Duration,
        built_by: BuiltBy,
        /// The messages of cargo and the compiler.
        message: String,
        /// Whether a program runs on.
        serving: bool,
        /// Whether requests are told why no program runs.
        answering: bool,
    },
    /// An environment file cannot be read, so the program cannot be started.
    #[serde(rename = "failed")]
    NoEnvironment {
        #[serde(rename = "build_ms", serialize_with = "millis")]
        build: Duration,
        /// The file, the line, and the error.
        message: String,
        /// Whether a program runs on.
        serving: bool,
        /// Whether requests are told so.
        answering: bool,
    },
    /// The program is ready.
    Serving {
        url: String,
        pid: i32,
        #[serde(rename = "build_ms", serialize_with = "maybe_millis")]
        build: Option<Duration>,
        /// Who has made the build.
        built_by: Option<BuiltBy>,
        /// The time since the end of the build, or since the change that asks for a restart.
        #[serde(rename = "swap_ms", serialize_with = "millis")]
        swap: Duration,
    },
    /// The program has not ended within the stop timeout.
    Killed {
        pid: i32,
        /// How long it had.
        #[serde(rename = "after_ms", serialize_with = "millis")]
        after: Duration,
    },
    /// The program has ended by itself.
    Crashed {
        status: String,
        #[serde(rename = "after_ms", serialize_with = "millis")]
        after: Duration,
        /// The last lines of its stderr.
        stderr: String,
        /// Whether it has gone into the background.
        detached: bool,
        hint: Option<String>,
        /// Whether another run goes on.
        serving: bool,
        /// Whether requests are told why no program runs.
        answering: bool,
    },
    /// A program that has crashed starts again.
    Retrying {
        program: String,
        /// The files that may be the cure.
        changed: Vec<String>,
    },
    /// Pages are to reload, or only their style sheets.
    Reload { styles: bool },
    /// Everything has ended.
    Stopped,
}

/// The kind of a report, which has a color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Plain,
    Bad,
}

fn millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn maybe_millis<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => millis(duration, serializer),
        None => serializer.serialize_none(),
    }
}

impl Report {
    /// A verb, as cargo uses them, and the rest of the line. `None` where there is nothing to tell
    /// people.
    pub(crate) fn line(&self) -> Option<(&'static str, String, Mood)> {
        let plain = |verb, text| Some((verb, text, Mood::Plain));
        let bad = |verb, text| Some((verb, text, Mood::Bad));
        match self {
            Report::Listening { address, name, fd } => {
                plain("Listening", listening(address, name.as_deref(), *fd))
            }
            Report::Network { url } => plain("Network", escaped(url).to_string()),
            Report::Note { message } => plain("Note", escaped(message).to_string()),
            Report::Building { program, changed } => {
                plain("Building", because_of(program, changed))
            }
            Report::Retrying { program, changed } => {
                plain("Retrying", because_of(program, changed))
            }
            // cargo's own words have been shown already.
            Report::Blocked { .. } | Report::Reload { .. } => None,
            Report::Unchanged { build, .. } => {
                plain("Unchanged", format!("after {}; it runs on", seconds(*build)))
            }
            Report::Failed { build, serving, answering, .. } => {
                let meanwhile = meanwhile(*serving, *answering);
                bad("Failed", format!("after {}; {meanwhile}", seconds(*build)))
            }
            Report::NoEnvironment { message, serving, answering, .. } => {
                bad("Failed", no_environment(message, *serving, *answering))
            }
            Report::Serving { url, build, swap, .. } => {
                Some(("Serving", serving(url, *build, *swap), Mood::Good))
            }
            Report::Killed { after, .. } => bad("Killed", killed(*after)),
            Report::Crashed { status, after, stderr, detached, hint, serving, answering } => {
                let meanwhile = meanwhile(*serving, *answering);
                let text = crashed(status, *after, stderr, meanwhile, hint.as_deref());
                bad(if *detached { "Detached" } else { "Crashed" }, text)
            }
            Report::Stopped => plain("Stopped", "everything".into()),
        }
    }

    /// Whether it is also printed when only errors are.
    pub(crate) fn is_error(&self) -> bool {
        matches!(
            self,
            Report::Failed { .. }
                | Report::NoEnvironment { .. }
                | Report::Crashed { .. }
                | Report::Killed { .. }
        )
    }
}

fn listening(address: &str, name: Option<&str>, fd: Option<u32>) -> String {
    let name = name.map(|name| format!(" [{}]", escaped(name))).unwrap_or_default();
    let fd = fd.map(|fd| format!(" -> fd #{fd}")).unwrap_or_default();
    format!("on {}{name}{fd}", escaped(address))
}

fn no_environment(message: &str, serving: bool, answering: bool) -> String {
    let meanwhile = match (serving, answering) {
        (false, true) => "requests are told that it cannot be read",
        (serving, _) => meanwhile(serving, false),
    };
    format!("{}; {meanwhile}", escaped(message))
}

fn serving(url: &str, build: Option<Duration>, swap: Duration) -> String {
    let built = match build {
        Some(build) => format!("built in {}, ", seconds(build)),
        None => String::new(),
    };
    format!("{} ({built}started in {})", escaped(url), seconds(swap))
}

fn killed(after: Duration) -> String {
    format!("the old program, which had not ended {} after SIGTERM", seconds(after))
}

fn crashed(
    status: &str,
    after: Duration,
    stderr: &str,
    meanwhile: &str,
    hint: Option<&str>,
) -> String {
    let last = last_lines(stderr);
    let mut text = format!("{}, {} after its start{last}", escaped(status), seconds(after));
    for line in std::iter::once(meanwhile).chain(hint) {
        let _ = write!(text, "\n{:12} {}", "", escaped(line));
    }
    text
}

fn because_of(program: &str, changed: &[String]) -> String {
    match changed {
        [] => escaped(program).to_string(),
        [one] => format!("{} ({} changed)", escaped(program), escaped(one)),
        [first, rest @ ..] => {
            format!("{} ({} and {} more changed)", escaped(program), escaped(first), rest.len())
        }
    }
}

fn last_lines(stderr: &str) -> String {
    let last = crate::terminal::excerpt::of(stderr);
    last.iter().map(|line| format!("\n{:12} | {}", "", escaped_lines(line))).collect()
}

fn meanwhile(serving: bool, answering: bool) -> &'static str {
    match (serving, answering) {
        (true, _) => "the old program serves on",
        (false, true) => "requests are told why; a change of a file tries again",
        (false, false) => "a change of a file tries again",
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_control_the_terminal_or_begin_a_line() {
        let time = Duration::ZERO;
        let evil = || "\u{1b}[2J\u{9b}31m\r\n     Serving \u{202e}x".to_owned();
        let (address, name, fd) = (evil(), Some(evil()), None);
        let (program, changed) = (evil(), vec![evil(), evil()]);
        let (url, pid, build, built_by, swap) = (evil(), 1, None, None, time);
        let (status, stderr, hint) = (evil(), evil() + "\n" + &evil(), Some(evil()));
        let (after, serving, answering) = (time, false, false);
        for (report, lines) in [
            (Report::Listening { address, name, fd }, 1),
            (Report::Network { url: evil() }, 1),
            (Report::Note { message: evil() }, 1),
            (Report::Building { program: program.clone(), changed: vec![evil()] }, 1),
            (Report::Building { program, changed }, 1),
            (Report::Serving { url, pid, build, built_by, swap }, 1),
            (
                Report::Crashed { status, after, stderr, detached: true, hint, serving, answering },
                7,
            ),
        ] {
            let (_, text, _) = report.line().unwrap();
            assert_eq!(escaped_lines(&text).to_string(), text);
            assert_eq!(text.lines().count(), lines, "{text}");
            // The lines of its stderr, and those that are ours.
            let is_marked = |line: &str| !line.trim_start().starts_with("Serving");
            assert!(text.lines().all(is_marked), "{text}");
        }
    }
}
