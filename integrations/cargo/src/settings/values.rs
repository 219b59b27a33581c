//! The types of values that settings have.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The names with which the user selects the program. Without a name, `cargo run`'s rules apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ProgramName {
    pub(crate) package: Option<String>,
    pub(crate) bin: Option<String>,
    pub(crate) example: Option<String>,
}

/// How changes are noticed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Watcher {
    /// Choose by the file system.
    Auto,
    /// Use the system's notifications.
    Native,
    /// Check the files again and again.
    Poll,
}

/// A pattern, or a path, and the folder that it is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    pub(crate) base: PathBuf,
    pub(crate) pattern: String,
}

impl Glob {
    pub(crate) fn new(base: &Path, pattern: &str) -> Self {
        Glob { base: base.to_owned(), pattern: pattern.to_owned() }
    }

    /// The path, for a setting that takes a path and no pattern.
    pub(crate) fn path(&self) -> PathBuf {
        self.base.join(&self.pattern)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pattern = String::deserialize(deserializer)?;
        // `Table::read` sets the folder.
        Ok(Glob { base: PathBuf::new(), pattern })
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path().to_string_lossy())
    }
}

/// The profile to build with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// `dev` with less debug information, unless the manifest says otherwise.
    Auto,
    Named(String),
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Profile::Auto => serializer.serialize_none(),
            Profile::Named(name) => serializer.serialize_some(name),
        }
    }
}
