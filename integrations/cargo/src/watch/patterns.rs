//! The patterns of the settings (`--watch`, `--ignore`, `--restart`, `--reload`), parsed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::project::file_system::with_case_of_disk;
use crate::project::paths::normalized;
use crate::settings::resolved::Settings;
use crate::watch::globs::Globs;

/// The patterns of the settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) watch: Globs,
    pub(crate) ignore: Globs,
    pub(crate) restart: Globs,
    pub(crate) reload: Globs,
    pub(crate) env_files: BTreeSet<PathBuf>,
}

impl Patterns {
    /// Parses the patterns.
    ///
    /// # Errors
    ///
    /// When a pattern is invalid, or begins with a folder that does not exist.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let env_files = settings.env_files.iter();
        Ok(Patterns {
            watch: Globs::new("--watch", &settings.watch, true)?,
            ignore: Globs::new("--ignore", &settings.ignore, false)?,
            restart: Globs::new("--restart", &settings.restart, true)?,
            reload: Globs::new("--reload", &settings.reload, true)?,
            env_files: env_files.map(|file| with_case_of_disk(normalized(&file.path()))).collect(),
        })
    }

    /// The folders and files that all matches are at or below.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.watch, &self.restart, &self.reload].into_iter().flat_map(|globs| &globs.roots)
    }
}
