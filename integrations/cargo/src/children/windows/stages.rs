//! This program is never one of its own children on Windows.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs this program as a child of itself, if these arguments ask for it: they never do.
pub(crate) fn run(_arguments: &[OsString]) -> Option<ExitCode> {
    None
}
