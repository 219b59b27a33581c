//! The binaries of this package.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The path of a binary of this package, which cargo has built with the tests.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    // Tests are in target/PROFILE/deps, binaries one folder above, and the benches' binaries too.
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push(name);
    assert!(path.exists(), "{} is not built; run cargo build --workspace first", path.display());
    path
}

/// Copies a binary of this package, to run the copy.
///
/// `cp` does it and not this process: a child of another test could inherit the file while it is open for
/// writing, and such a file cannot be executed.
///
/// # Panics
///
/// When it cannot be copied.
pub fn copy_program(name: &str, to: &Path) {
    let copied = Command::new("cp").arg(program(name)).arg(to).status();
    assert!(copied.unwrap().success());
}
