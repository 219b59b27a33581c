//! The parsers of what others have written, for `tests/fuzz`.

use std::path::PathBuf;

/// The paths in a file of cargo's dep-info.
#[must_use]
pub fn dep_info(text: &str) -> Vec<PathBuf> {
    crate::build::inputs::parse_dep_info(text)
}

/// The paths that a build script asks to watch, if it says anything of that.
#[must_use]
pub fn script_output(text: &str) -> Option<Vec<&str>> {
    crate::build::inputs::parse_script(text)
}

/// The variables in a file of them.
///
/// # Errors
///
/// The number of the line that cannot be understood, and why.
pub fn env_file(text: &[u8]) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    crate::project::dotenv::parse(text)
}
