//! Programs for Windows, under Wine. It shares the network of this machine, so the clients of the tests reach them.
//!
//! `.ci/windows` makes the programs and a Wine prefix, which is the folder of one Windows with its processes. Each
//! [`Wine`] is a copy of that, so that what a test has started can be found, and ended.

mod prefix;
mod programs;

use std::process::Command;

pub use prefix::Wine;
pub use programs::windows_program;

impl Wine {
    /// A command that runs one of the [programs](windows_program) for Windows.
    ///
    /// # Panics
    ///
    /// When there is no such program.
    #[track_caller]
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.wine();
        command.arg(windows_program(program));
        command
    }
}
