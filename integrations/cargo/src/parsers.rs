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

/// The lines of a program's output, read in these parts, as the browser's console shows them, and
/// the number of its panics.
#[must_use]
pub fn output(parts: &[&[u8]]) -> (Vec<String>, usize) {
    crate::run::output::understood(parts)
}

/// A message of the compiler without control characters and sequences, but those for colors.
#[must_use]
pub fn with_colors_only(message: &str) -> String {
    crate::build::output::sgr::with_colors_only(message)
}

/// The numbers in cargo's progress bar, if the line is one.
#[must_use]
pub fn cargo_line(line: &str) -> Option<(u32, u32)> {
    crate::build::output::bar::numbers(line)
}
