//! This program as cargo's `RUSTC_WORKSPACE_WRAPPER`: it writes a record of the command, and then
//! becomes the compiler, or the wrapper that the user has configured.
//!
//! It never fails a build: a command without a record is only not replayed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use listenfd_core::internal::env_var_raw;

use crate::build::replay::record::{RECORDS, Record, file_name};
use crate::children::stages;

/// The name by which this program knows that it is the wrapper.
pub(crate) const NAME: &str = "cargo-devserver-rustc";
/// The variable with the user's own wrapper.
pub(crate) const NEXT: &str = "CARGO_DEVSERVER_NEXT_WRAPPER";

/// Runs the wrapper, if this process was started as one.
pub(crate) fn run() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let link = PathBuf::from(arguments.next()?);
    if link.file_stem() != Some(OsStr::new(NAME)) {
        return None;
    }
    let rustc = arguments.next()?;
    let arguments: Vec<_> = arguments.collect();
    if let Some(folder) = link.parent().and_then(Path::parent) {
        record(&folder.join(RECORDS), &rustc, &arguments);
    }
    let next = env_var_raw(NEXT).filter(|next| !next.is_empty());
    let mut command = Command::new(next.as_ref().unwrap_or(&rustc));
    command.args(next.is_some().then_some(&rustc)).args(&arguments).env_remove(NEXT);
    Some(stages::become_program(command))
}

fn record(folder: &Path, rustc: &OsStr, arguments: &[OsString]) {
    let expanded = expanded(arguments);
    let arguments = expanded.as_deref().unwrap_or(arguments);
    let Some(name) = file_name(arguments) else { return };
    let file = folder.join(name);
    let variables = std::env::vars_os();
    let record = std::env::current_dir()
        .ok()
        .and_then(|folder| Record::of(folder, rustc, arguments, variables));
    if record.is_none_or(|record| record.write(&file).is_err()) {
        // The record of an earlier command would be wrong now.
        let _ = std::fs::remove_file(file);
    }
}

/// The arguments in the file that `@FILE` names: cargo writes one a line where they are too long for
/// a command line.
fn expanded(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let [only] = arguments else { return None };
    let file = only.to_str()?.strip_prefix('@')?;
    let lines: io::Result<String> = std::fs::read_to_string(file);
    Some(lines.ok()?.lines().map(OsString::from).collect())
}
