//! What a build made: the program, and the output of build scripts.

use std::path::{Path, PathBuf};

use cargo_metadata::PackageId;

use crate::sys::{FileIdentity, file_identity};

/// The program that a build made.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    pub(crate) executable: PathBuf,
    /// Differs from the identity of any other file at the same path.
    pub(crate) identity: Identity,
    /// The build scripts that ran, each with its output.
    pub(crate) scripts: Vec<Script>,
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
