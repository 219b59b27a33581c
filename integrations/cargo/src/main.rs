//! `cargo-devserver`: see `cargo devserver --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    listenfd_devserver::run()
}
