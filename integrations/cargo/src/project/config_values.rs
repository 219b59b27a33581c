//! The values of cargo's configuration that matter here: variables, the runner, and rustc with its
//! flags.
//!
//! A variable of this process comes before the value of a file, as in cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo_platform::{Cfg, CfgExpr};
use toml::{Table, Value};

use crate::project::cargo_config::{CargoConfig, root};

/// The program with which cargo runs programs (`target.….runner`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runner {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
}

impl CargoConfig {
    /// The variables that `[env]` sets for a program. `variable` is this process's environment.
    pub(crate) fn env(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> BTreeMap<String, OsString> {
        let tables = self.tables().filter_map(|table| table.get("env")?.as_table());
        let names: BTreeSet<&String> = tables.flat_map(Table::keys).collect();
        let with_values = names.into_iter().filter_map(|name| {
            let (file, _) = self.find(&["env", name])?;
            let simple = self.value(&["env", name]).and_then(Value::as_str);
            let part = |key| self.value(&["env", name, key]);
            let flag = |key| simple.is_none() && part(key).and_then(Value::as_bool) == Some(true);
            let is_plain =
                name.bytes().all(|b| b == b'_' || b.is_ascii_digit() || b.is_ascii_uppercase());
            // As for any key, a variable can replace the value, without its options.
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

    /// The runner for a target with these properties. `variable` is this process's environment.
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
            // If more than one matches, cargo refuses to build.
            let keys = self.cfg_keys().into_iter().find(|key| CfgExpr::matches_key(key, cfg));
            self.words(&["target", keys?, "runner"])
        })?;
        let (program, arguments) = words.split_first()?;
        // A plain name is found on the `PATH`.
        let program = if program.contains('/') { root.join(program) } else { program.into() };
        Some(Runner { program, arguments: arguments.to_vec() })
    }

    /// The keys of `target` that are `cfg(…)` expressions and have a runner.
    fn cfg_keys(&self) -> BTreeSet<&str> {
        let tables = self.tables().filter_map(|table| table.get("target")?.as_table());
        let with_runner = tables.flatten().filter(|(_, target)| target.get("runner").is_some());
        with_runner.map(|(key, _)| key.as_str()).filter(|key| key.starts_with("cfg(")).collect()
    }

    /// The target and the flags that cargo passes to rustc.
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

    /// The compiler, if it is not the one on the `PATH`.
    pub(crate) fn rustc(
        &self,
        folder: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Option<OsString> {
        self.tool("rustc", folder, variable)
    }

    /// A program that cargo runs, by its key in `build`, such as `rustc-workspace-wrapper`.
    pub(crate) fn tool(
        &self,
        key: &str,
        folder: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Option<OsString> {
        let name = env_part(key);
        let named = variable(&name).or_else(|| variable(&format!("CARGO_BUILD_{name}")));
        let is_name = |tool: &Path| tool.components().count() <= 1;
        let named = named.map(|tool| match is_name(Path::new(&tool)) {
            true => tool,
            false => folder.join(tool).into(),
        });
        let tool = named.or_else(|| {
            let (file, value) = self.find(&["build", key])?;
            let path = Path::new(value.as_str()?);
            Some(if is_name(path) {
                path.into()
            } else {
                folder.join(root(file)).join(path).into()
            })
        });
        // An empty one stands for none, also where a file names one.
        tool.filter(|tool| !tool.is_empty())
    }
}

fn words_of(value: &OsStr) -> Vec<String> {
    value.to_string_lossy().split_whitespace().map(str::to_owned).collect()
}

/// A key as part of a variable's name.
fn env_part(key: &str) -> String {
    key.replace(['-', '.'], "_").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<OsString> {
        None
    }

    /// Each checked against cargo 1.95.
    #[test]
    fn variables_as_cargo_sets_them() {
        let config = CargoConfig::of(&[
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
        let [p, t] = ["/a", "/a/b"].map(Path::new);
        let [p, t] = [p.join("x"), t.join("t")].map(|path| path.display().to_string());
        let expected =
            [("A", "near"), ("F", "forced"), ("P", &p), ("T", &t), ("V", "of a variable")];
        assert_eq!(env, expected.map(|(name, value)| (name.to_owned(), value.into())));
    }

    #[test]
    fn runners_as_cargo_finds_them() {
        let config = CargoConfig::of(&[
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
            let program = runner.program.to_str()?.replace('\\', "/");
            Some((program, runner.arguments.join("|")))
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
}
