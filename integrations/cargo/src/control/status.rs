//! What a devserver tells of itself.

use serde::{Deserialize, Serialize};

use crate::build::built::BuiltBy;
use crate::page::state::PageState;

/// The state of the session for commands: what pages are told, and more.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) state: Condition,
    /// Since when, in milliseconds since 1970.
    pub(crate) since: u64,
    /// The process id of `cargo devserver`.
    pub(crate) pid: u32,
    /// The process id of the program, if one runs.
    pub(crate) program_pid: Option<i32>,
    /// Where the program is reached.
    pub(crate) urls: Vec<String>,
    /// The package of the program.
    pub(crate) package: String,
    pub(crate) target: Target,
    /// Who made the last build that has ended.
    pub(crate) built_by: Option<BuiltBy>,
    /// The last output of the program, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<String>,
    #[serde(flatten)]
    pub(crate) page: PageState,
}

/// The state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// A build runs. An older program may serve meanwhile.
    Building,
    /// A program starts, or stops for the next one.
    Starting,
    /// What was built last serves.
    Serving,
    /// It does not build, or an environment file cannot be read. An older program may serve.
    Failed,
    /// The program has ended by itself.
    Crashed,
    /// The program runs, but does not become ready.
    NeverReady,
    /// Everything is about to end.
    Stopping,
}

/// The kind of the program's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    Bin,
    Example,
}
