//! Programs for Windows, under Wine. It shares the network of this machine, so the clients of the tests reach them.
//!
//! `.ci/windows` makes the programs and a Wine prefix, which is the folder of one Windows with its processes. Each
//! [`Wine`] is a copy of that, so that what a test has started can be found, and ended.

mod prefix;
mod programs;

use std::ffi::OsStr;
use std::process::Command;

pub use prefix::Wine;
use programs::WINE;
pub use programs::{windows_program, windows_unit_tests};

impl Wine {
    /// A command that runs a program for Windows.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(WINE);
        command.env("WINEPREFIX", self.prefix()).env("WINEDEBUG", "-all").arg(program);
        command
    }
}
