//! Takes the place of cargo, or of rustc by that name, for `around`, and notes when each starts and ends.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use listenfd_core::internal::env_var_raw;

fn main() -> io::Result<ExitCode> {
    let began = SystemTime::now();
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let is_rustc = Path::new(&name).file_name().is_some_and(|name| name == "rustc");
    let program = env_var_raw(if is_rustc { "STAND_IN_FOR_RUSTC" } else { "STAND_IN_FOR_CARGO" });
    let arguments: Vec<_> = arguments.collect();
    let noted = if is_rustc { "--crate-name" } else { "build" };
    let is_noted = arguments.iter().any(|argument| argument == noted);
    if is_noted {
        note("start", began)?;
    }
    let status = Command::new(program.unwrap_or_default()).args(arguments).status()?;
    if is_noted {
        note("end", SystemTime::now())?;
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).into())
}

fn note(what: &str, at: SystemTime) -> io::Result<()> {
    let since = at.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    let path = env_var_raw("STAND_IN_NOTES").unwrap_or_default();
    let mut notes = File::options().append(true).create(true).open(path)?;
    notes.write_all(format!("{what} {}\n", since.as_nanos()).as_bytes())
}
