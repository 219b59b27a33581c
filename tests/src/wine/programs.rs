//! The programs for Windows, built once for all tests of a process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::machine::require;
use crate::pages::in_repository;

/// What runs a program for Windows.
pub(super) const WINE: &str = "/usr/lib/wine/wine64";

/// The path of a program for Windows: a binary of the package in `tests/windows`, or `systemfd-0.4.6`, the published one.
///
/// # Panics
///
/// When there is none.
#[track_caller]
#[must_use]
pub fn windows_program(name: &str) -> PathBuf {
    let path = match name {
        "systemfd-0.4.6" => "systemfd@0.4.6/bin/systemfd.exe".to_owned(),
        _ => format!("x86_64-pc-windows-gnu/debug/{name}.exe"),
    };
    let path = built_for_windows(path);
    assert!(path.exists(), "{} is not built by .ci/windows", path.display());
    path
}

/// The path of the unit tests of a library, built for Windows.
///
/// # Panics
///
/// When there are none.
#[track_caller]
#[must_use]
pub fn windows_unit_tests(library: &str) -> PathBuf {
    let messages = std::fs::read_to_string(built_for_windows("unit-tests.json")).unwrap();
    let mut messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = messages.find_map(|message| {
        let is_it = message["target"]["name"] == library && message["profile"]["test"] == true;
        is_it.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    found.unwrap_or_else(|| panic!("the unit tests of {library} are not built by .ci/windows"))
}

/// A path in the folder with everything for other platforms.
pub(super) fn built_for_windows(path: impl AsRef<Path>) -> PathBuf {
    in_repository("target/platforms").join(path)
}

/// Whether there is Wine; if not, as [`has`](crate::has). The first call builds the programs.
#[track_caller]
pub(super) fn are_built() -> bool {
    static BUILD: OnceLock<()> = OnceLock::new();
    let is_set_up = Path::new(WINE).exists() && built_for_windows("wine/prefix").exists();
    if require(is_set_up, "Wine and programs for it; .ci/windows installs and builds them") {
        BUILD.get_or_init(build);
    }
    is_set_up
}

fn build() {
    let mut build = Command::new(in_repository(".ci/windows"));
    // cargo sets these for the test, and they would make it compile everything again.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name == "LD_LIBRARY_PATH" || name.starts_with("CARGO") && name != "CARGO_HOME" {
            build.env_remove(&variable);
        }
    }
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
