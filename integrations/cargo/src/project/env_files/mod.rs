//! The environment files of the settings (`--env-file`), as they were read last.
//!
//! Their content is secret: an error names the file, the line and the mistake, but no content.
//! `dotenv` is their format, and `secrets` hides their values.

pub(crate) mod dotenv;
mod secrets;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::bail;
use listenfd_core::internal::{env_var_raw, escaped};

use crate::settings::values::Glob;
use secrets::Secrets;

/// The files, their variables, and the values to hide.
#[derive(Debug)]
pub(crate) struct EnvFiles {
    paths: Vec<PathBuf>,
    /// What was read last; `None` if that has failed or is out of date.
    variables: Option<BTreeMap<String, OsString>>,
    secrets: Secrets,
}

/// A file that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvFileError {
    path: PathBuf,
    line: Option<usize>,
    reason: String,
}

/// Larger files are no environment files.
const LARGEST: u64 = 4 << 20;

/// Checks that the files of the settings exist.
///
/// # Errors
///
/// When a file does not exist.
pub(crate) fn check(files: &[Glob]) -> anyhow::Result<()> {
    for file in files {
        let path = file.path();
        if !path.is_file() {
            bail!("--env-file {:?}: there is no {}", file.pattern, path.display());
        }
    }
    Ok(())
}

impl EnvFiles {
    /// Reads the files. If there is a mistake in them, they are read again for the next start.
    pub(crate) fn read(files: &[Glob]) -> Self {
        let paths = files.iter().map(Glob::path).collect();
        let secrets = Secrets::default();
        let mut files = EnvFiles { paths, variables: None, secrets };
        let _ = files.read_again();
        files
    }

    /// Reads the files again, which may have changed.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is invalid.
    pub(crate) fn read_again(&mut self) -> Result<(), EnvFileError> {
        self.forget_variables();
        self.variables().map(|_| ())
    }

    /// The next start reads the files again: a change of them may have been missed.
    pub(crate) fn forget_variables(&mut self) {
        self.variables = None;
    }

    /// The variables for the program, without those that this process has already. Reads the files
    /// if they were not read, or if the last read has failed.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is invalid.
    pub(crate) fn variables(&mut self) -> Result<&BTreeMap<String, OsString>, EnvFileError> {
        let variables = match self.variables.take() {
            Some(variables) => variables,
            None => {
                let (variables, secrets) = read_all(&self.paths)?;
                self.secrets.extend(&secrets);
                variables
            }
        };
        Ok(self.variables.insert(variables))
    }

    /// The text with the values of these files replaced, and, up to a limit, with the values that
    /// were in them before.
    pub(crate) fn hide_secrets(&self, text: &str) -> String {
        self.secrets.hide(text)
    }
}

impl EnvFileError {
    /// The text for clients, which may learn only that the file is unusable.
    pub(crate) fn for_requests(&self) -> String {
        let path = escaped(self.path.display());
        format!("cargo devserver: the environment file {path} cannot be read\n")
    }
}

impl fmt::Display for EnvFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escaped(self.path.display()))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for EnvFileError {}

fn read_all(paths: &[PathBuf]) -> Result<(BTreeMap<String, OsString>, Secrets), EnvFileError> {
    let (mut variables, mut secrets) = (BTreeMap::new(), Secrets::default());
    for path in paths {
        let error = |line, reason| EnvFileError { path: path.clone(), line, reason };
        let text = read(path).map_err(|err| error(None, format!("it cannot be read: {err}")))?;
        let entries =
            dotenv::parse(&text).map_err(|(line, reason)| error(Some(line), reason.to_owned()))?;
        for (name, value) in entries {
            secrets.add(&value);
            if env_var_raw(&name).is_none() {
                variables.insert(name, value.into());
            }
        }
    }
    Ok((variables, secrets))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    Ok(text)
}
