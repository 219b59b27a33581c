//! The result of a build, and who has made it.

use serde::Serialize;

use crate::build::artifact::Artifact;
use crate::build::output::diagnostics::Diagnostics;

/// The result of a build.
#[derive(Debug)]
pub(crate) enum Built {
    /// A program, and the number of warnings.
    Good(Box<Artifact>, usize),
    /// No program.
    Bad(BuildErrors),
}

/// Why there is no program.
#[derive(Debug, Default)]
pub(crate) struct BuildErrors {
    /// The errors of cargo and the compiler, without colors.
    pub(crate) text: String,
    /// The compiler's messages.
    pub(crate) diagnostics: Diagnostics,
}

/// Who has made a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BuiltBy {
    #[default]
    Cargo,
    /// The compiler alone, by the commands of an earlier build.
    Replay,
}
