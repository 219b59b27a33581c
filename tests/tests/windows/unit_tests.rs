//! The unit tests of the crates that know of platforms.

use listenfd_tests::{Child, Wine, windows_unit_tests};

#[test]
fn the_unit_tests_of_listenfd_core() {
    pass("listenfd_core");
}

#[test]
fn the_unit_tests_of_listenfd_systemfd() {
    pass("listenfd_systemfd");
}

#[test]
fn the_unit_tests_of_cargo_devserver() {
    pass("listenfd_devserver");
}

#[test]
fn the_unit_tests_of_listenfd_lifecycle() {
    pass("listenfd_lifecycle");
}

#[track_caller]
fn pass(library: &str) {
    let Some(wine) = Wine::start() else { return };
    let mut tests = Child::spawn(&mut wine.command(windows_unit_tests(library)));
    let mut lines = Vec::new();
    while let Some(line) = tests.line_or_end() {
        lines.push(line);
    }
    let status = tests.wait();
    assert!(status.success(), "{status}: {}{}", lines.join("\n"), tests.stderr());
}
