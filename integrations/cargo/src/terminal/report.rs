//! What is told of what happens: a line for people, or a line of JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

use listenfd_core::internal::{escaped, escaped_lines};
use serde::Serialize;

/// News.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Report {
    /// A socket is open.
    Listening {
        /// Its URL or address.
        address: String,
        name: Option<String>,
        /// The fd that the program gets it at.
        fd: Option<u32>,
    },
    /// The same by an address of the network.
    Network { url: String },
    /// Something that one should know.
    Note { message: String },
    /// A build begins.
    Building { program: String, changed: Vec<String> },
    /// The build waits for another cargo.
    Blocked { message: String },
    /// What was built is what runs.
    Unchanged {
        #[serde(rename = "build_ms", serialize_with = "millis")]
        build: Duration,
    },
    /// It does not build.
    Failed {
        #[serde(rename = "build_ms", serialize_with = "millis")]
        build: Duration,
        /// What cargo and the compiler say.
        message: String,
        /// Whether a program runs on.
        serving: bool,
        /// Whether requests are told why none does.
        answering: bool,
    },
    /// An environment file cannot be read, so what was built cannot be run.
    #[serde(rename = "failed")]
    NoEnvironment {
        #[serde(rename = "build_ms", serialize_with = "millis")]
        build: Duration,
        /// The file, the line, and what is wrong with it.
        message: String,
        /// Whether a program runs on.
        serving: bool,
        /// Whether requests are told that it cannot be read.
        answering: bool,
    },
    /// The program is ready.
    Serving {
        url: String,
        pid: i32,
        #[serde(rename = "build_ms", serialize_with = "maybe_millis")]
        build: Option<Duration>,
        /// From the end of the build, or the wish for a restart, until now.
        #[serde(rename = "swap_ms", serialize_with = "millis")]
        swap: Duration,
    },
    /// The program has not ended in time.
    Killed {
        pid: i32,
        /// How long it was given.
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
        /// Whether it has gone into the background instead.
        detached: bool,
        hint: Option<String>,
        /// Whether another one runs on.
        serving: bool,
        /// Whether requests are told why none does.
        answering: bool,
    },
    /// A program that has crashed starts again.
    Retrying {
        program: String,
        /// What may be the cure.
        changed: Vec<String>,
    },
    /// Pages are to load again.
    Reload,
    /// Everything has ended.
    Stopped,
}

/// What kind of news it is, for its color.
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
    /// A verb, as cargo has them, and the rest of the line; `None` where there is nothing to say to
    /// people.
    pub(crate) fn line(&self) -> Option<(&'static str, String, Mood)> {
        Some(match self {
            Report::Listening { address, name, fd } => {
                let name = name.as_ref().map(|name| format!(" [{}]", escaped(name)));
                let fd = fd.map(|fd| format!(" -> fd #{fd}"));
                let (name, fd) = (name.unwrap_or_default(), fd.unwrap_or_default());
                ("Listening", format!("on {}{name}{fd}", escaped(address)), Mood::Plain)
            }
            Report::Network { url } => ("Network", escaped(url).to_string(), Mood::Plain),
            Report::Note { message } => ("Note", escaped(message).to_string(), Mood::Plain),
            Report::Building { program, changed } => {
                ("Building", because_of(program, changed), Mood::Plain)
            }
            Report::Retrying { program, changed } => {
                ("Retrying", because_of(program, changed), Mood::Plain)
            }
            // cargo's own words have been shown already.
            Report::Blocked { .. } | Report::Reload => return None,
            Report::Unchanged { build } => {
                ("Unchanged", format!("after {}; it runs on", seconds(*build)), Mood::Plain)
            }
            Report::Failed { build, serving, answering, .. } => (
                "Failed",
                format!("after {}; {}", seconds(*build), meanwhile(*serving, *answering)),
                Mood::Bad,
            ),
            Report::NoEnvironment { message, serving, answering, .. } => {
                let meanwhile = match (serving, answering) {
                    (false, true) => "requests are told that it cannot be read",
                    (serving, _) => meanwhile(*serving, false),
                };
                ("Failed", format!("{}; {meanwhile}", escaped(message)), Mood::Bad)
            }
            Report::Serving { url, build, swap, .. } => {
                let built = match build {
                    Some(build) => format!("built in {}, ", seconds(*build)),
                    None => String::new(),
                };
                let text = format!("{} ({built}started in {})", escaped(url), seconds(*swap));
                ("Serving", text, Mood::Good)
            }
            Report::Killed { after, .. } => {
                let text = format!(
                    "the old program, which had not ended {} after SIGTERM",
                    seconds(*after)
                );
                ("Killed", text, Mood::Bad)
            }
            Report::Crashed { status, after, stderr, detached, hint, serving, answering } => {
                let mut text = format!("{}, {} after its start", escaped(status), seconds(*after));
                text.push_str(&last_lines(stderr));
                for line in std::iter::once(meanwhile(*serving, *answering)).chain(hint.as_deref())
                {
                    let _ = write!(text, "\n{:12} {}", "", escaped(line));
                }
                (if *detached { "Detached" } else { "Crashed" }, text, Mood::Bad)
            }
            Report::Stopped => ("Stopped", "everything".into(), Mood::Plain),
        })
    }

    /// Whether it is told also when only errors are to be.
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
    fn no_text_of_others_is_obeyed_by_the_terminal_or_begins_a_line() {
        let time = Duration::ZERO;
        let evil = || "\u{1b}[2J\u{9b}31m\r\n     Serving \u{202e}x".to_owned();
        let (address, name, fd) = (evil(), Some(evil()), None);
        let (program, changed) = (evil(), vec![evil(), evil()]);
        let (url, pid, build, swap) = (evil(), 1, None, time);
        let (status, stderr, hint) = (evil(), evil() + "\n" + &evil(), Some(evil()));
        let (after, serving, answering) = (time, false, false);
        for (report, lines) in [
            (Report::Listening { address, name, fd }, 1),
            (Report::Network { url: evil() }, 1),
            (Report::Note { message: evil() }, 1),
            (Report::Building { program: program.clone(), changed: vec![evil()] }, 1),
            (Report::Building { program, changed }, 1),
            (Report::Serving { url, pid, build, swap }, 1),
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
