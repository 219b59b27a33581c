//! What pages, requests and commands are told about the session: one value, sent whole at each
//! change.

use std::path::PathBuf;

use serde::Serialize;

/// The state of the session, as pages see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct PageState {
    /// Tells this session from others.
    pub(crate) session: String,
    /// The name of the program.
    pub(crate) program: String,
    /// The run that serves and is ready; `None` while none does. Each start of a program has
    /// another one, and the program's pages carry it.
    pub(crate) boot: Option<String>,
    /// Whether a program is about to start, or has started and is not ready.
    pub(crate) is_starting: bool,
    /// The build that runs.
    pub(crate) build: Option<BuildProgress>,
    /// Why there is nothing new to run, or nothing at all; `None` once that is mended.
    pub(crate) problem: Option<Problem>,
    /// The warnings of the last build that has ended.
    pub(crate) warnings: usize,
    /// Panics of the program that serves, the newest last. It lives on.
    pub(crate) panics: Vec<Panic>,
    /// How often pages were to reload without a new program.
    pub(crate) reloads: u32,
    /// How often style sheets were to be loaded again.
    pub(crate) style_reloads: u32,
    /// How links to source files open the editor.
    pub(crate) editor: Editor,
    /// Whether the program's output is shown in the browser's console.
    pub(crate) has_log: bool,
}

/// A build that runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct BuildProgress {
    /// When it began, in milliseconds since 1970.
    pub(crate) began: u64,
    /// How many crates are done.
    pub(crate) done: u32,
    /// Of how many; `None` until cargo has said it.
    pub(crate) total: Option<u32>,
}

/// Why there is nothing new to run, or nothing at all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    /// One line, such as `mismatched types`, or the panic's message.
    pub(crate) title: String,
    /// Since when, in milliseconds since 1970.
    pub(crate) since: u64,
    /// The compiler's errors and warnings, errors first. Bounded in number.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How many errors there are, also those that are left out.
    pub(crate) errors: usize,
    /// The panic with which the program has ended.
    pub(crate) panic: Option<Panic>,
    /// How the program has ended, such as `exit status: 1`.
    pub(crate) status: Option<String>,
    /// All of it as plain text: cargo's messages, or the end of the program's output. Bounded.
    pub(crate) text: String,
    /// What to do about it, where that is known.
    pub(crate) hint: Option<String>,
}

/// The kind of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProblemKind {
    /// It does not build.
    Build,
    /// The program has ended by itself.
    Crash,
    /// The program runs, but does not become ready.
    NeverReady,
    /// An environment file cannot be read.
    Environment,
}

/// A message of the compiler.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Diagnostic {
    pub(crate) level: Level,
    /// Such as `E0308`.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    /// Where, if the compiler says where.
    pub(crate) place: Option<Place>,
    /// The whole message as the compiler shows it, in its colors (SGR sequences, and no others).
    pub(crate) rendered: String,
}

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Error,
    Warning,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    /// As people are shown it, relative to the folder of the session where it is in there.
    pub(crate) file: String,
    /// The absolute path.
    pub(crate) path: PathBuf,
    /// From 1.
    pub(crate) line: u32,
    /// From 1.
    pub(crate) column: u32,
}

/// A panic of the program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Panic {
    /// Counts the panics of the session.
    pub(crate) number: u32,
    pub(crate) thread: String,
    pub(crate) message: String,
    /// Where it says it has panicked.
    pub(crate) place: Option<Place>,
    /// The first frame of the user's own code in the backtrace, such as `app::main`, and where.
    pub(crate) frame: Option<(String, Place)>,
    /// In milliseconds since 1970.
    pub(crate) at: u64,
}

/// How links to source files open the editor.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Editor {
    /// No editor is known: a link explains how to set one.
    #[default]
    Unset,
    /// A URL with `{path}`, `{line}` and `{column}`.
    Url { template: String },
    /// `cargo devserver` runs a command: the page asks it to.
    Command,
}

/// A line of the program's output, for the browser's console.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct LogLine {
    pub(crate) level: LogLevel,
    /// Without escape sequences.
    pub(crate) text: String,
}

/// The level of a line of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
