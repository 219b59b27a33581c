//! What is told of what happens: a line for people, or a line of JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

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
                let name = name.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
                let fd = fd.map(|fd| format!(" -> fd #{fd}")).unwrap_or_default();
                ("Listening", format!("on {address}{name}{fd}"), Mood::Plain)
            }
            Report::Network { url } => ("Network", url.clone(), Mood::Plain),
            Report::Note { message } => ("Note", message.clone(), Mood::Plain),
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
                ("Failed", format!("{message}; {meanwhile}"), Mood::Bad)
            }
            Report::Serving { url, build, swap, .. } => {
                let built = match build {
                    Some(build) => format!("built in {}, ", seconds(*build)),
                    None => String::new(),
                };
                let text = format!("{url} ({built}started in {})", seconds(*swap));
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
                let mut text = format!("{status}, {} after its start", seconds(*after));
                text.push_str(&last_lines(stderr));
                for line in std::iter::once(meanwhile(*serving, *answering)).chain(hint.as_deref())
                {
                    let _ = write!(text, "\n{:12} {line}", "");
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
        [] => program.to_owned(),
        [one] => format!("{program} ({one} changed)"),
        [first, rest @ ..] => format!("{program} ({first} and {} more changed)", rest.len()),
    }
}

fn last_lines(stderr: &str) -> String {
    let last = crate::excerpt::of(stderr);
    last.iter().map(|line| format!("\n{:12} | {line}", "")).collect()
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
