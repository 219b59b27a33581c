//! What cargo's own configuration files say, as far as it matters here: `.cargo/config.toml` in this
//! folder and those above it, and in cargo's home.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo_platform::{Cfg, CfgExpr};
use listenfd_core::internal::env_var;
use toml::{Table, Value};

use crate::project::paths::normalized;

/// The configuration files that there are, the one that counts first in front.
#[derive(Debug, Default)]
pub(crate) struct CargoConfig {
    files: Vec<(PathBuf, Table)>,
    /// Files that others include, there or not.
    included: Vec<PathBuf>,
}

/// What stands between cargo and the program (`target.….runner`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runner {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
}

/// An array or a text of several words, and the folder that paths in it are relative to.
type Words = (Vec<String>, PathBuf);

impl CargoConfig {
    /// Reads them as cargo finds them when it is started in `folder`. Files that cargo cannot read
    /// either are left out: it will say so itself.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut config = CargoConfig::default();
        for [without, with] in folders(folder).map(names) {
            // Of the two, cargo reads one.
            config.add(if without.exists() { without } else { with });
        }
        config
    }

    /// A file, and after it those that it includes, of which the last one counts first.
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

    /// Where files can be that count when cargo is started in `folder`.
    pub(crate) fn places(&self, folder: &Path) -> Vec<PathBuf> {
        folders(folder).flat_map(names).chain(self.included.iter().cloned()).collect()
    }

    /// The value at a path of keys, from the nearest file that has it.
    pub(crate) fn value(&self, keys: &[&str]) -> Option<&Value> {
        self.find(keys).map(|(_, value)| value)
    }

    fn find(&self, keys: &[&str]) -> Option<(&Path, &Value)> {
        let mut found = self.files.iter();
        found.find_map(|(file, table)| Some((file.as_path(), find(table, keys)?)))
    }

    /// The variables that `[env]` sets for a program that cargo runs, given those that there are.
    pub(crate) fn env(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> BTreeMap<String, OsString> {
        let tables = self.files.iter().filter_map(|(_, table)| table.get("env")?.as_table());
        let names: BTreeSet<&String> = tables.flat_map(Table::keys).collect();
        let with_values = names.into_iter().filter_map(|name| {
            let (file, _) = self.find(&["env", name])?;
            let simple = self.value(&["env", name]).and_then(Value::as_str);
            let part = |key| self.value(&["env", name, key]);
            let flag = |key| simple.is_none() && part(key).and_then(Value::as_bool) == Some(true);
            let is_plain =
                name.bytes().all(|b| b == b'_' || b.is_ascii_digit() || b.is_ascii_uppercase());
            // As any value, it can be in a variable, and then has no options.
            if let Some(value) = variable(&format!("CARGO_ENV_{name}")).filter(|_| is_plain) {
                return variable(name).is_none().then(|| (name.clone(), value));
            }
            let value = simple.or_else(|| part("value")?.as_str())?;
            if !flag("force") && variable(name).is_some() {
                return None;
            }
            let value = if flag("relative") { root(file).join(value).into() } else { value.into() };
            Some((name.clone(), value))
        });
        with_values.collect()
    }

    /// The runner for a target with these properties, given the variables that there are.
    pub(crate) fn runner(
        &self,
        triple: &str,
        cfg: &[Cfg],
        folder: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Option<Runner> {
        let name = format!("CARGO_TARGET_{}_RUNNER", env_part(triple));
        let from_variable = || Some((words_of(&variable(&name)?), folder.to_owned()));
        let (words, root) = from_variable()
            .or_else(|| self.words(&["target", triple, "runner"]))
            .or_else(|| {
            // Where more than one matches, cargo builds nothing.
            let keys = self.cfg_keys().into_iter().find(|key| CfgExpr::matches_key(key, cfg));
            self.words(&["target", keys?, "runner"])
        })?;
        let (program, arguments) = words.split_first()?;
        // A name is looked up on the `PATH`.
        let program = if program.contains('/') { root.join(program) } else { program.into() };
        Some(Runner { program, arguments: arguments.to_vec() })
    }

    /// The keys of `target` that are expressions and have a runner.
    fn cfg_keys(&self) -> BTreeSet<&str> {
        let tables = self.files.iter().filter_map(|(_, table)| table.get("target")?.as_table());
        let with_runner = tables.flatten().filter(|(_, target)| target.get("runner").is_some());
        with_runner.map(|(key, _)| key.as_str()).filter(|key| key.starts_with("cfg(")).collect()
    }

    /// The arguments that make rustc tell what it would tell cargo: its target and its flags.
    pub(crate) fn rustc_arguments(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Vec<String> {
        let target = variable("CARGO_BUILD_TARGET")
            .map(|target| words_of(&target))
            .or_else(|| Some(self.words(&["build", "target"])?.0));
        let target = target.and_then(|targets| targets.into_iter().next());
        let target = target.filter(|target| target != "host-tuple");
        let mut arguments = Vec::new();
        arguments.extend(target.into_iter().flat_map(|target| ["--target".to_owned(), target]));
        let encoded = variable("CARGO_ENCODED_RUSTFLAGS").map(|flags| {
            flags.to_string_lossy().split('\u{1f}').map(str::to_owned).collect::<Vec<_>>()
        });
        let flags = encoded
            .or_else(|| Some(words_of(&variable("RUSTFLAGS")?)))
            .or_else(|| Some(words_of(&variable("CARGO_BUILD_RUSTFLAGS")?)))
            .or_else(|| Some(self.words(&["build", "rustflags"])?.0));
        arguments.extend(flags.into_iter().flatten().filter(|flag| !flag.is_empty()));
        arguments
    }

    /// The compiler, where it is not the one on the `PATH`.
    pub(crate) fn rustc(
        &self,
        folder: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Option<OsString> {
        let named = variable("RUSTC").or_else(|| variable("CARGO_BUILD_RUSTC"));
        named.or_else(|| {
            let (file, value) = self.find(&["build", "rustc"])?;
            let path = Path::new(value.as_str()?);
            let is_name = path.components().count() == 1;
            Some(if is_name { path.into() } else { folder.join(root(file)).join(path).into() })
        })
    }

    fn words(&self, keys: &[&str]) -> Option<Words> {
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
}

/// What paths in a file are relative to: the folder that holds its folder, `.cargo`.
fn root(file: &Path) -> &Path {
    file.parent().and_then(Path::parent).unwrap_or(Path::new(""))
}

fn words_of(value: &OsStr) -> Vec<String> {
    value.to_string_lossy().split_whitespace().map(str::to_owned).collect()
}

/// As a part of a variable's name.
fn env_part(key: &str) -> String {
    key.replace(['-', '.'], "_").to_uppercase()
}

/// The folders in which configuration files can be, the nearest first.
fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let above = folder.ancestors().map(|folder| folder.join(".cargo"));
    let home = env_var("CARGO_HOME")
        .map(|home| folder.join(home))
        .or_else(|| Some(PathBuf::from(env_var("HOME")?).join(".cargo")));
    let mut folders: Vec<_> = above.collect();
    folders.extend(home.filter(|home| !folders.contains(home)));
    folders.into_iter()
}

/// Of two in one folder, cargo reads the first.
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

    fn config(files: &[(&str, &str)]) -> CargoConfig {
        let files = files.iter().map(|(path, text)| (path.into(), text.parse().unwrap()));
        CargoConfig { files: files.collect(), included: Vec::new() }
    }

    fn none(_: &str) -> Option<OsString> {
        None
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

    /// Each checked against cargo 1.95.
    #[test]
    fn variables_as_cargo_sets_them() {
        let config = config(&[
            (
                "/a/b/.cargo/config.toml",
                "[env]\nA = 'near'\nSET = 'no'\nT = { value = 't' }\nV = 'no'",
            ),
            (
                "/a/.cargo/config.toml",
                "[env]\nA = 'far'\nP = { value = 'x', relative = true }\nSET = { value = 'no' }\n\
                 F = { value = 'forced', force = true }\nT = { value = 'far', relative = true }",
            ),
        ]);
        let variable = |name: &str| match name {
            "SET" | "F" => Some("set".into()),
            "CARGO_ENV_V" => Some("of a variable".into()),
            _ => None,
        };
        let env: Vec<_> = config.env(variable).into_iter().collect();
        let expected = [
            ("A", "near"),
            ("F", "forced"),
            ("P", "/a/x"),
            ("T", "/a/b/t"),
            ("V", "of a variable"),
        ];
        assert_eq!(env, expected.map(|(name, value)| (name.to_owned(), value.into())));
    }

    #[test]
    fn runners_as_cargo_finds_them() {
        let config = config(&[
            ("/a/b/.cargo/config.toml", "[target.'cfg(windows)']\nrunner = 'wine'"),
            (
                "/a/.cargo/config.toml",
                "[target.'cfg(all(unix, target_arch = \"x86_64\"))']\nrunner = ['tools/run', 'a b']\n\
                 [target.arm]\nrunner = 'qemu -x'",
            ),
        ]);
        let cfg =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
        let unix = cfg(&["unix", "target_arch=\"x86_64\""]);
        let runner = |triple: &str, cfg: &[Cfg], variable: &dyn Fn(&str) -> Option<OsString>| {
            let runner = config.runner(triple, cfg, Path::new("/a/b"), variable)?;
            Some((runner.program.to_str()?.to_owned(), runner.arguments.join("|")))
        };
        let is = |program: &str, arguments: &str| Some((program.to_owned(), arguments.to_owned()));
        assert_eq!(runner("x", &unix, &none), is("/a/tools/run", "a b"));
        assert_eq!(runner("x", &cfg(&["windows"]), &none), is("wine", ""));
        assert_eq!(runner("x", &[], &none), None);
        // The triple's own one counts first, and a variable before that.
        assert_eq!(runner("arm", &unix, &none), is("qemu", "-x"));
        let variable =
            |name: &str| (name == "CARGO_TARGET_ARM_RUNNER").then(|| "./strace  -f".into());
        assert_eq!(runner("arm", &unix, &variable), is("/a/b/./strace", "-f"));
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
        let env: Vec<_> = config.env(none).into_iter().collect();
        let relative = folder.path().join(".cargo/r");
        let expected = [("O", "own"), ("P", "b"), ("Q", "a"), ("R", relative.to_str().unwrap())];
        let expected = expected.into_iter().chain([("S", "c")]);
        let expected: Vec<_> =
            expected.map(|(name, value)| (name.to_owned(), value.into())).collect();
        assert_eq!(env, expected);
        assert!(config.places(folder.path()).contains(&folder.path().join(".cargo/none.toml")));
    }
}
