//! How the command of the last `rustc` becomes known: cargo is told to use this program as its
//! compiler's wrapper. It writes the command to a file, and does not run it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use listenfd_core::internal::env_var;
use serde::{Deserialize, Serialize};

use crate::build::replay::run::JOB_SERVERS;
use crate::build::replay::wrapper::{NAME, NEXT};

/// The variable that makes this program such a wrapper, and names the file.
pub(super) const VARIABLE: &str = "LISTENFD_DEVSERVER_RECORD";
/// The argument, after `--cfg`, that only the command that is recorded has.
pub(super) const MARK: &str = "listenfd_devserver_record";

/// A command.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Recorded {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: Vec<(OsString, OsString)>,
    pub(super) folder: PathBuf,
}

/// Variables of cargo that mean something only while it runs, and ours.
const LEFT_OUT: [&str; 4] = [NEXT, "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", VARIABLE];

/// Runs as the wrapper, if this process is one. These are its arguments: the compiler, and its own.
pub(crate) fn run(arguments: &[OsString]) -> Option<ExitCode> {
    let file = env_var(VARIABLE)?;
    let (program, arguments) = arguments.split_first()?;
    if !arguments.iter().any(|argument| argument == MARK) {
        let status = Command::new(program).args(arguments).status();
        let code = status.ok().and_then(|status| u8::try_from(status.code()?).ok());
        return Some(code.map_or(ExitCode::FAILURE, ExitCode::from));
    }
    let words: Vec<_> = std::iter::once(program).chain(arguments).cloned().collect();
    let mut words = without_mark(&words);
    // Our wrapper would record the command for replays.
    if Path::new(program).file_stem() == Some(NAME.as_ref()) {
        words.splice(..1, env_var(NEXT));
    }
    let mut words = words.into_iter();
    let recorded = Recorded {
        program: words.next()?,
        arguments: words.collect(),
        variables: std::env::vars_os()
            .filter(|(name, _)| {
                !LEFT_OUT.iter().chain(&JOB_SERVERS).any(|left_out| name == left_out)
            })
            .collect(),
        folder: std::env::current_dir().unwrap_or_default(),
    };
    // Without the file, the one who waits for it knows that nothing was recorded.
    let _ = serde_json::to_vec(&recorded).map(|text| std::fs::write(file, text));
    Some(ExitCode::FAILURE)
}

fn without_mark(arguments: &[OsString]) -> Vec<OsString> {
    let mut kept: Vec<OsString> = Vec::new();
    for argument in arguments {
        match argument == MARK {
            // With the `--cfg` before it.
            true => drop(kept.pop()),
            false => kept.push(argument.clone()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_no_part_of_the_command() {
        let arguments = ["--crate-name", "app", "--cfg", MARK, "-L", "x"].map(OsString::from);
        let kept = ["--crate-name", "app", "-L", "x"].map(OsString::from);
        assert_eq!(without_mark(&arguments), kept);
    }
}
