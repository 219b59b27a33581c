//! A table of settings: `[workspace.metadata.devserver]`, `[package.metadata.devserver]`, or the
//! flags.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::settings::browser::BrowserTable;
use crate::settings::did_you_mean::nearest;
use crate::settings::values::{Glob, ProgramName, Watcher};

/// The name of the table in a manifest's metadata.
pub(crate) const TABLE: &str = "devserver";

/// A table of settings. A value that is not set is `None`. [`Table::read`] refuses unknown keys.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Table {
    pub(crate) package: Option<String>,
    pub(crate) bin: Option<String>,
    pub(crate) example: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) features: Option<Vec<String>>,
    pub(crate) all_features: Option<bool>,
    pub(crate) no_default_features: Option<bool>,
    pub(crate) replay: Option<bool>,
    pub(crate) listen: Option<Vec<String>>,
    pub(crate) host: Option<bool>,
    pub(crate) strict_port: Option<bool>,
    pub(crate) port_env: Option<String>,
    pub(crate) allowed_hosts: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) browser: BrowserTable,
    pub(crate) watch: Option<Vec<Glob>>,
    pub(crate) ignore: Option<Vec<Glob>>,
    pub(crate) restart: Option<Vec<Glob>>,
    pub(crate) reload: Option<Vec<Glob>>,
    pub(crate) env_files: Option<Vec<Glob>>,
    pub(crate) watcher: Option<Watcher>,
    /// Seconds.
    pub(crate) stop_timeout: Option<f64>,
    /// Seconds.
    pub(crate) hold: Option<f64>,
    pub(crate) overlap: Option<bool>,
    pub(crate) open: Option<bool>,
    pub(crate) clear: Option<bool>,
    pub(crate) browser_log: Option<bool>,
    pub(crate) keys: Option<bool>,
    pub(crate) args: Option<Vec<String>>,
}

pub(crate) const KEYS: [&str; 32] = [
    "package",
    "bin",
    "example",
    "profile",
    "features",
    "all-features",
    "no-default-features",
    "replay",
    "listen",
    "host",
    "strict-port",
    "port-env",
    "allowed-hosts",
    "pages",
    "devserver-path",
    "pages-listen",
    "editor",
    "editor-paths",
    "watch",
    "ignore",
    "restart",
    "reload",
    "env-files",
    "watcher",
    "stop-timeout",
    "hold",
    "overlap",
    "open",
    "clear",
    "browser-log",
    "keys",
    "args",
];

impl Table {
    /// Reads the table in a manifest's metadata. Globs are relative to the manifest's folder.
    ///
    /// # Errors
    ///
    /// When a key is unknown, or a value has the wrong type.
    pub(crate) fn read(metadata: &Value, section: &str, manifest: &Path) -> anyhow::Result<Self> {
        let place = || format!("[{section}.metadata.{TABLE}] of {}", manifest.display());
        let Some(table) = metadata.get(TABLE) else {
            return Ok(Table::default());
        };
        let Some(entries) = table.as_object() else {
            bail!("{} is no table", place());
        };
        for (key, value) in entries {
            if !KEYS.contains(&key.as_str()) {
                return Err(unknown_key(key).context(place()));
            }
            // One key at a time, so that the error can name it.
            let single = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
            serde_json::from_value::<Table>(single)
                .map_err(|err| anyhow!("{key}: {err}"))
                .with_context(place)?;
        }
        let mut table: Table = serde_json::from_value(table.clone()).with_context(place)?;
        let base = manifest.parent().unwrap_or(Path::new(""));
        for globs in table.globs().into_iter().flatten().flatten() {
            globs.base = base.to_owned();
        }
        Ok(table)
    }

    fn globs(&mut self) -> [&mut Option<Vec<Glob>>; 5] {
        [
            &mut self.watch,
            &mut self.ignore,
            &mut self.restart,
            &mut self.reload,
            &mut self.env_files,
        ]
    }

    pub(crate) fn program(&self) -> ProgramName {
        ProgramName {
            package: self.package.clone(),
            bin: self.bin.clone(),
            example: self.example.clone(),
        }
    }

    /// Puts this table on top of another. Globs add up; any other value replaces the one below.
    pub(crate) fn over(self, mut below: Table) -> Table {
        // A program that is named in one way is not looked for in another.
        if self.bin.is_some() || self.example.is_some() {
            (below.bin, below.example) = (None, None);
        }
        Table {
            package: self.package.or(below.package),
            bin: self.bin.or(below.bin),
            example: self.example.or(below.example),
            profile: self.profile.or(below.profile),
            features: self.features.or(below.features),
            all_features: self.all_features.or(below.all_features),
            no_default_features: self.no_default_features.or(below.no_default_features),
            replay: self.replay.or(below.replay),
            listen: self.listen.or(below.listen),
            host: self.host.or(below.host),
            strict_port: self.strict_port.or(below.strict_port),
            port_env: self.port_env.or(below.port_env),
            allowed_hosts: self.allowed_hosts.or(below.allowed_hosts),
            browser: self.browser.over(below.browser),
            watch: joined(below.watch, self.watch),
            ignore: joined(below.ignore, self.ignore),
            restart: joined(below.restart, self.restart),
            reload: joined(below.reload, self.reload),
            env_files: joined(below.env_files, self.env_files),
            watcher: self.watcher.or(below.watcher),
            stop_timeout: self.stop_timeout.or(below.stop_timeout),
            hold: self.hold.or(below.hold),
            overlap: self.overlap.or(below.overlap),
            open: self.open.or(below.open),
            clear: self.clear.or(below.clear),
            browser_log: self.browser_log.or(below.browser_log),
            keys: self.keys.or(below.keys),
            args: self.args.or(below.args),
        }
    }
}

fn joined(first: Option<Vec<Glob>>, second: Option<Vec<Glob>>) -> Option<Vec<Glob>> {
    match (first, second) {
        (Some(first), Some(second)) => Some([first, second].concat()),
        (first, second) => first.or(second),
    }
}

fn unknown_key(key: &str) -> anyhow::Error {
    match nearest(key, KEYS) {
        Some(nearest) => anyhow!("there is no key {key:?}; did you mean {nearest:?}?"),
        None => anyhow!("there is no key {key:?}; there are {}", KEYS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(table: Value) -> anyhow::Result<Table> {
        Table::read(&json!({ "devserver": table }), "package", Path::new("/p/Cargo.toml"))
    }

    #[track_caller]
    fn refused(table: Value, parts: &[&str]) {
        let err = format!("{:#}", read(table).unwrap_err());
        for part in [parts, &["[package.metadata.devserver] of /p/Cargo.toml"]].concat() {
            assert!(err.contains(part), "{err:?} lacks {part:?}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_their_cure() {
        refused(json!({ "lisen": [] }), &["\"lisen\"", "did you mean \"listen\"?"]);
        refused(json!({ "qqqq": 1 }), &["\"qqqq\"", "there are package, bin"]);
        refused(json!({ "host": "yes" }), &["host: ", "expected a boolean"]);
        refused(json!({ "watcher": "magic" }), &["watcher: ", "`poll`"]);
        refused(json!(3), &["no table"]);
    }

    #[test]
    fn flags_stand_on_the_package_and_the_package_on_the_workspace() {
        let workspace = read(json!({ "host": true, "bin": "a", "watch": ["w"] })).unwrap();
        let package = read(json!({ "host": false, "example": "b", "watch": ["p"] })).unwrap();
        let merged = package.over(workspace);
        assert_eq!(
            (merged.host, merged.bin, merged.example.as_deref()),
            (Some(false), None, Some("b"))
        );
        let globs = ["w", "p"].map(|pattern| Glob::new(Path::new("/p"), pattern));
        assert_eq!(merged.watch.unwrap(), globs);
    }
}
