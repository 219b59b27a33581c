//! What a build made: the program, and the output of build scripts.

use std::path::{Path, PathBuf};

use cargo_metadata::diagnostic::Diagnostic;
use cargo_metadata::{PackageId, Target};

use crate::sys::{FileIdentity, file_identity};

/// The program that a build made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Artifact {
    pub(crate) executable: PathBuf,
    /// Differs from the identity of any other file at the same path.
    pub(crate) identity: Identity,
    /// The build scripts that ran, each with its output.
    pub(crate) scripts: Vec<Script>,
    /// What cargo has said, which a replay repeats.
    pub(crate) said: Said,
}

/// What cargo has said in a good build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// The targets of packages in the file system that it has compiled, or found compiled.
    pub(crate) targets: Vec<(PackageId, Target)>,
    /// The compiler's messages about them.
    pub(crate) diagnostics: Vec<(PackageId, Target, Diagnostic)>,
    /// Whether there were more.
    pub(crate) is_cut: bool,
    /// Its own messages, such as warnings of build scripts.
    pub(crate) text: String,
    /// What it has finished, such as `` `devserver` profile [unoptimized] target(s) ``.
    pub(crate) finished: Option<String>,
}

/// The output of a build script.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) package: PackageId,
    pub(crate) out_dir: PathBuf,
    pub(crate) linked_paths: Vec<PathBuf>,
    pub(crate) env: Vec<(String, String)>,
}

/// What tells a file from others at its path. Each build makes a file with another identity.
pub(crate) type Identity = FileIdentity;

/// The identity of a file.
///
/// # Errors
///
/// When the file cannot be seen.
pub(crate) fn identity(path: &Path) -> std::io::Result<Identity> {
    Ok(file_identity(&std::fs::metadata(path)?))
}
