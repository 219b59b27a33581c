//! What cargo's own configuration files say, as far as it matters here: `.cargo/config.toml` in this
//! folder and those above it, and in cargo's home.

use std::path::{Path, PathBuf};

use listenfd_core::process_variable;
use toml::{Table, Value};

/// The configuration files that there are, the nearest first.
#[derive(Debug, Default)]
pub(crate) struct CargoConfig {
    files: Vec<(PathBuf, Table)>,
}

impl CargoConfig {
    /// Reads them as cargo finds them when it is started in `folder`. Files that cargo cannot read
    /// either are left out: it will say so itself.
    pub(crate) fn read(folder: &Path) -> Self {
        let files = places(folder).into_iter().filter_map(|path| {
            let table = std::fs::read_to_string(&path).ok()?.parse::<Table>().ok()?;
            Some((path, table))
        });
        CargoConfig { files: files.collect() }
    }

    /// The value at a path of keys, from the nearest file that has it.
    pub(crate) fn value(&self, keys: &[&str]) -> Option<&Value> {
        self.files.iter().find_map(|(_, table)| find(table, keys))
    }

    /// The variables that `[env]` sets for a program that cargo runs, given which there are.
    pub(crate) fn env(&self, is_set: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for (file, table) in &self.files {
            let Some(Value::Table(env)) = table.get("env") else { continue };
            for (name, entry) in env {
                let known = variables.iter().any(|(found, _)| found == name);
                let flag = |key| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
                let value = entry.as_str().or_else(|| entry.get("value")?.as_str());
                let Some(value) = value.filter(|_| !known && (flag("force") || !is_set(name)))
                else {
                    continue;
                };
                // Relative to the folder that holds `.cargo`.
                let base = file.parent().and_then(Path::parent).unwrap_or(Path::new(""));
                let value = match flag("relative") {
                    true => base.join(value).to_string_lossy().into_owned(),
                    false => value.to_owned(),
                };
                variables.push((name.clone(), value));
            }
        }
        variables
    }
}

/// Where configuration files can be, the nearest first.
pub(crate) fn places(folder: &Path) -> Vec<PathBuf> {
    let above = folder.ancestors().map(|folder| folder.join(".cargo"));
    let home = process_variable("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(process_variable("HOME")?).join(".cargo")));
    let mut folders: Vec<_> = above.collect();
    folders.extend(home.filter(|home| !folders.contains(home)));
    let names = |folder: PathBuf| [folder.join("config.toml"), folder.join("config")];
    folders.into_iter().flat_map(names).collect()
}

fn find<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(files: &[(&str, &str)]) -> CargoConfig {
        let files = files.iter().map(|(path, text)| (path.into(), text.parse().unwrap()));
        CargoConfig { files: files.collect() }
    }

    #[test]
    fn the_nearest_file_wins() {
        let config = config(&[
            ("/a/b/.cargo/config.toml", "[profile.dev]\ndebug = 1"),
            ("/a/.cargo/config.toml", "[profile.dev]\ndebug = 2\nopt-level = 3"),
        ]);
        let value = |key| config.value(&["profile", "dev", key]).and_then(Value::as_integer);
        assert_eq!((value("debug"), value("opt-level"), value("lto")), (Some(1), Some(3), None));
    }

    #[test]
    fn variables_as_cargo_sets_them() {
        let config = config(&[
            ("/a/b/.cargo/config.toml", "[env]\nA = 'near'\nSET = 'no'"),
            (
                "/a/.cargo/config.toml",
                "[env]\nA = 'far'\nP = { value = 'x', relative = true }\nSET = { value = 'no' }\n\
                 F = { value = 'forced', force = true }",
            ),
        ]);
        let mut env = config.env(|name| ["SET", "F"].contains(&name));
        env.sort_unstable();
        let expected = [("A", "near"), ("F", "forced"), ("P", "/a/x")];
        assert_eq!(env, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
