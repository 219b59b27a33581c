//! The record of a crate: the command with which cargo had it compiled.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::build::rustc_arguments::codegen;
use crate::sys::LIBRARY_PATH;

/// The command of one crate. Of the environment, it has only what cargo itself sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The working directory.
    pub(crate) folder: PathBuf,
    pub(crate) rustc: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
}

/// The folder of the records, below the folder of replays.
pub(crate) const RECORDS: &str = "records";
/// No more records are read.
const MOST: usize = 4096;

impl Record {
    /// The record of a command. `None` if anything is no text, or if an argument is missing.
    pub(crate) fn of(
        folder: PathBuf,
        rustc: &OsStr,
        arguments: &[OsString],
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Option<Self> {
        let text = |text: &OsStr| text.to_str().map(str::to_owned);
        let is_of_cargo = |name: &OsStr| name.to_str().is_some_and(is_set_by_cargo);
        let env = variables.filter(|(name, _)| is_of_cargo(name));
        Some(Record {
            folder,
            rustc: text(rustc)?,
            arguments: arguments.iter().map(|argument| text(argument)).collect::<Option<_>>()?,
            env: env
                .map(|(name, value)| Some((text(&name)?, text(&value)?)))
                .collect::<Option<_>>()?,
        })
    }

    /// Writes it, in place of an earlier record of the same crate.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(folder)?;
        // Whole, or not at all: another process may read it now.
        let temporary = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&temporary, self)?;
        temporary.persist(file)?;
        Ok(())
    }

    /// Reads all records in a folder. What is no record is left out.
    pub(crate) fn read_all(folder: &Path) -> impl Iterator<Item = (PathBuf, Record)> {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let files = files.map(|file| file.path());
        let files = files.filter(|file| file.extension().is_some_and(|it| it == "json"));
        files.take(MOST).filter_map(|file| {
            let text = std::fs::read(&file).ok()?;
            Some((file, serde_json::from_slice(&text).ok()?))
        })
    }
}

/// The name of a command's record: that of the crate with its hash. `None` if it compiles no crate,
/// but asks the compiler something.
pub(crate) fn file_name(arguments: &[OsString]) -> Option<String> {
    let arguments: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let name = value(&arguments, "--crate-name").filter(|name| *name != "___")?;
    let extra = codegen(&arguments, "extra-filename")?;
    Some(format!("{name}{extra}.json"))
}

/// The value after an option.
pub(crate) fn value<'a>(arguments: &[&'a str], option: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| *argument == option)?;
    arguments.get(at + 1).copied()
}

/// Whether cargo sets the variable for each crate. A user's variable such as
/// `CARGO_REGISTRY_TOKEN` is none of these.
fn is_set_by_cargo(name: &str) -> bool {
    // Those of rustup are set by the cargo that it installs.
    const NAMES: [&str; 14] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_HOME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_RUSTC_CURRENT_DIR",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "RUSTUP_TOOLCHAIN_SOURCE",
        "RUST_RECURSION_COUNT",
    ];
    const OF_PACKAGES: [&str; 12] = [
        "AUTHORS",
        "DESCRIPTION",
        "HOMEPAGE",
        "LICENSE",
        "LICENSE_FILE",
        "NAME",
        "README",
        "REPOSITORY",
        "RUST_VERSION",
        "VERSION",
        "VERSION_MAJOR",
        "VERSION_MINOR",
    ];
    const MORE_OF_PACKAGES: [&str; 2] = ["VERSION_PATCH", "VERSION_PRE"];
    let is_of_package = |name| OF_PACKAGES.contains(&name) || MORE_OF_PACKAGES.contains(&name);
    name == LIBRARY_PATH
        || NAMES.contains(&name)
        || name.strip_prefix("CARGO_PKG_").is_some_and(is_of_package)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_record_has_the_command_and_of_the_environment_only_what_cargo_sets() {
        let arguments = words("--crate-name app src/main.rs -C metadata=1 -C extra-filename=-2");
        let variables = [
            ("CARGO_PKG_NAME", "app"),
            ("CARGO_PKG_TOKEN", "secret"),
            ("CARGO_REGISTRY_TOKEN", "secret"),
            ("CARGO_REGISTRIES_OWN_TOKEN", "secret"),
            ("DATABASE_URL", "secret"),
            ("OUT_DIR", "/t/out"),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        let folder = tempfile::tempdir().unwrap();
        let record = Record::of("/ws".into(), "rustc".as_ref(), &arguments, variables).unwrap();
        let file = folder.path().join("records").join(file_name(&arguments).unwrap());
        record.write(&file).unwrap();
        record.write(&file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("secret") && text.contains("OUT_DIR"), "{text}");
        let read: Vec<_> = Record::read_all(file.parent().unwrap()).collect();
        assert_eq!(read, [(folder.path().join("records/app-2.json"), record)]);
    }

    #[test]
    fn questions_to_the_compiler_have_no_record() {
        assert_eq!(file_name(&words("-vV")), None);
        assert_eq!(file_name(&words("- --crate-name ___ --print=cfg")), None);
        assert_eq!(file_name(&words("--crate-name app src/lib.rs")), None);
    }
}
