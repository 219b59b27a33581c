//! `systemfd`: see `systemfd --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    listenfd_systemfd::run()
}
