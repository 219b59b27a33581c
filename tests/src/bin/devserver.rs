//! `cargo devserver`, built with the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    listenfd_devserver::run()
}
