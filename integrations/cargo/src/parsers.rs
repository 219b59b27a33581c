//! The parsers of text from other programs, for `tests/fuzz`.

use std::path::PathBuf;

/// The paths in a dep-info file of cargo.
#[must_use]
pub fn dep_info(text: &str) -> Vec<PathBuf> {
    crate::build::inputs::parse_dep_info(text)
}

/// The paths that a build script asks cargo to watch, if it says which.
#[must_use]
pub fn script_output(text: &str) -> Option<Vec<&str>> {
    crate::build::inputs::parse_script(text)
}

/// The variables in an environment file.
///
/// # Errors
///
/// The number of the first invalid line, and the mistake in it.
pub fn env_file(text: &[u8]) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    crate::project::env_files::dotenv::parse(text)
}
