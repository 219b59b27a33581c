//! cargo's configuration files: `.cargo/config.toml` in this folder and those above, and in cargo's
//! home.
//!
//! Their values are in `config_values`.

use std::path::{Path, PathBuf};

use listenfd_core::internal::env_var;
use toml::{Table, Value};

use crate::project::file_system::HOME;
use crate::project::paths::normalized;

/// The configuration files that exist. A file comes before those that it overrides.
#[derive(Debug, Default)]
pub(crate) struct CargoConfig {
    files: Vec<(PathBuf, Table)>,
    /// Files that others include, which may not exist.
    included: Vec<PathBuf>,
}

/// The words of a text or an array, and the folder for relative paths in them.
type Words = (Vec<String>, PathBuf);

impl CargoConfig {
    /// Reads the files as cargo does when it is started in `folder`. Invalid files are left out:
    /// cargo itself will say so.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut config = CargoConfig::default();
        for [without, with] in folders(folder).map(names) {
            // cargo reads only one of the two.
            config.add(if without.exists() { without } else { with });
        }
        config
    }

    /// Adds a file, and after it those that it includes, the last one first.
    fn add(&mut self, path: PathBuf) {
        let is_known = self.files.iter().any(|(known, _)| *known == path);
        let text = std::fs::read_to_string(&path).ok().filter(|_| !is_known);
        let Some(table) = text.and_then(|text| text.parse::<Table>().ok()) else { return };
        let includes = table.get("include").and_then(Value::as_array).cloned().unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        self.files.push((path, table));
        for include in includes.iter().rev() {
            let named = include.as_str().or_else(|| include.get("path")?.as_str());
            if let Some(path) = named.map(|named| normalized(&folder.join(named))) {
                self.included.push(path.clone());
                self.add(path);
            }
        }
    }

    /// All paths at which there may be a file that cargo reads when it is started in `folder`.
    pub(crate) fn places(&self, folder: &Path) -> Vec<PathBuf> {
        folders(folder).flat_map(names).chain(self.included.iter().cloned()).collect()
    }

    /// The tables of the files, those that override others first.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.files.iter().map(|(_, table)| table)
    }

    /// The value at a path of keys, from the nearest file that has it.
    pub(crate) fn value(&self, keys: &[&str]) -> Option<&Value> {
        self.find(keys).map(|(_, value)| value)
    }

    /// The value at a path of keys, and the file that it is from.
    pub(crate) fn find(&self, keys: &[&str]) -> Option<(&Path, &Value)> {
        let mut found = self.files.iter();
        found.find_map(|(file, table)| Some((file.as_path(), find(table, keys)?)))
    }

    /// The words of the value at a path of keys.
    pub(crate) fn words(&self, keys: &[&str]) -> Option<Words> {
        let (file, value) = self.find(keys)?;
        let words = match value {
            Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            Value::Array(array) => {
                array.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => return None,
        };
        Some((words, root(file).to_owned()))
    }

    /// A configuration of these files, for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (path.into(), text.parse().unwrap()));
        CargoConfig { files: files.collect(), included: Vec::new() }
    }
}

/// The folder for relative paths in a file: the one that contains `.cargo`.
pub(crate) fn root(file: &Path) -> &Path {
    file.parent().and_then(Path::parent).unwrap_or(Path::new(""))
}

/// The folders in which configuration files can be, the nearest first.
fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let above = folder.ancestors().map(|folder| folder.join(".cargo"));
    let home = env_var("CARGO_HOME")
        .map(|home| folder.join(home))
        .or_else(|| Some(PathBuf::from(env_var(HOME)?).join(".cargo")));
    let mut folders: Vec<_> = above.collect();
    folders.extend(home.filter(|home| !folders.contains(home)));
    folders.into_iter()
}

/// The two names of the file in a folder. cargo reads the first that exists.
fn names(folder: PathBuf) -> [PathBuf; 2] {
    [folder.join("config"), folder.join("config.toml")]
}

fn find<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_wins() {
        let config = CargoConfig::of(&[
            ("/a/b/.cargo/config.toml", "[profile.dev]\ndebug = 1"),
            ("/a/.cargo/config.toml", "[profile.dev]\ndebug = 2\nopt-level = 3"),
        ]);
        let value = |key| config.value(&["profile", "dev", key]).and_then(Value::as_integer);
        assert_eq!((value("debug"), value("opt-level"), value("lto")), (Some(1), Some(3), None));
    }

    #[test]
    fn a_file_with_the_line_ends_of_windows_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".cargo")).unwrap();
        let text = "# c\r\n[profile.dev]\r\ndebug = 1\r\n";
        std::fs::write(folder.path().join(".cargo/config.toml"), text).unwrap();
        let config = CargoConfig::read(folder.path());
        let debug = config.value(&["profile", "dev", "debug"]);
        assert_eq!(debug.and_then(Value::as_integer), Some(1));
    }

    /// Checked against cargo 1.95.
    #[test]
    fn files_that_others_include() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(".cargo").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "config.toml",
            "include = ['sub/a.toml', { path = 'b.toml' }, { path = 'none.toml', optional = true }]\n\
             [env]\nO = 'own'",
        );
        write(
            "sub/a.toml",
            "include = ['../c.toml']\n[env]\nO = 'a'\nP = 'a'\nQ = 'a'\n\
             R = { value = 'r', relative = true }",
        );
        write("b.toml", "[env]\nO = 'b'\nP = 'b'");
        write("c.toml", "include = ['sub/a.toml']\n[env]\nQ = 'c'\nS = 'c'");
        let config = CargoConfig::read(folder.path());
        let env: Vec<_> = config.env(|_| None).into_iter().collect();
        let relative = folder.path().join(".cargo").join("r");
        let expected = [("O", "own"), ("P", "b"), ("Q", "a"), ("R", relative.to_str().unwrap())];
        let expected = expected.into_iter().chain([("S", "c")]);
        let expected: Vec<_> =
            expected.map(|(name, value)| (name.to_owned(), value.into())).collect();
        assert_eq!(env, expected);
        assert!(config.places(folder.path()).contains(&folder.path().join(".cargo/none.toml")));
    }
}
