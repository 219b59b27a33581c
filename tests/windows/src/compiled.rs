//! A program with its source at its end: what the stand-in for cargo makes.

use std::io::{Error, Result};
use std::path::Path;

/// Between the program and its source.
const MARK: &str = "\n-- the source --\n";

/// Makes a program of a source: a copy of `compiled.exe`, which is in the folder of this program.
///
/// # Errors
///
/// When a file cannot be read or written.
pub fn compile(source: &str, executable: &Path) -> Result<()> {
    let mut program = std::fs::read(std::env::current_exe()?.with_file_name("compiled.exe"))?;
    program.extend([MARK, source].concat().bytes());
    std::fs::write(executable, program)
}

/// The source of this program.
///
/// # Errors
///
/// When it was not made by [`compile`].
pub fn own_source() -> Result<String> {
    let program = std::fs::read(std::env::current_exe()?)?;
    let mark = MARK.as_bytes();
    let end = program.windows(mark.len()).rposition(|bytes| bytes == mark);
    let source = end.and_then(|end| String::from_utf8(program[end + mark.len()..].to_vec()).ok());
    source.ok_or_else(|| Error::other("this program has no source at its end"))
}
