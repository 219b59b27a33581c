//! What can be set: `[workspace.metadata.devserver]`, `[package.metadata.devserver]`, and the flags
//! on top.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// The name of the tables.
const TABLE: &str = "devserver";

/// One table of settings; what is not set is `None`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) package: Option<String>,
    pub(crate) bin: Option<String>,
    pub(crate) example: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) features: Option<Vec<String>>,
    pub(crate) all_features: Option<bool>,
    pub(crate) no_default_features: Option<bool>,
    pub(crate) listen: Option<Vec<String>>,
    pub(crate) host: Option<bool>,
    pub(crate) strict_port: Option<bool>,
    pub(crate) port_env: Option<String>,
    pub(crate) allowed_hosts: Option<Vec<String>>,
    pub(crate) watch: Option<Vec<Glob>>,
    pub(crate) ignore: Option<Vec<Glob>>,
    pub(crate) restart: Option<Vec<Glob>>,
    pub(crate) reload: Option<Vec<Glob>>,
    pub(crate) env_files: Option<Vec<Glob>>,
    pub(crate) watcher: Option<Watcher>,
    /// Seconds.
    pub(crate) stop_timeout: Option<f64>,
    pub(crate) overlap: Option<bool>,
    pub(crate) open: Option<bool>,
    pub(crate) clear: Option<bool>,
    pub(crate) keys: Option<bool>,
    pub(crate) args: Option<Vec<String>>,
}

const KEYS: [&str; 24] = [
    "package",
    "bin",
    "example",
    "profile",
    "features",
    "all-features",
    "no-default-features",
    "listen",
    "host",
    "strict-port",
    "port-env",
    "allowed-hosts",
    "watch",
    "ignore",
    "restart",
    "reload",
    "env-files",
    "watcher",
    "stop-timeout",
    "overlap",
    "open",
    "clear",
    "keys",
    "args",
];

/// How to learn of changes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Watcher {
    /// By the kind of the file system.
    Auto,
    /// The system tells.
    Native,
    /// Looks again and again.
    Poll,
}

/// A pattern, and the folder that it is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    pub(crate) base: PathBuf,
    pub(crate) pattern: String,
}

impl Glob {
    pub(crate) fn new(base: &Path, pattern: &str) -> Self {
        Glob { base: base.to_owned(), pattern: pattern.to_owned() }
    }

    /// The path of a pattern that is one.
    pub(crate) fn path(&self) -> PathBuf {
        self.base.join(&self.pattern)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pattern = String::deserialize(deserializer)?;
        // `read` adds the folder.
        Ok(Glob { base: PathBuf::new(), pattern })
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path().to_string_lossy())
    }
}

impl Table {
    /// Reads the table out of a manifest's metadata. Globs are relative to the manifest's folder.
    ///
    /// # Errors
    ///
    /// When a key is unknown, or a value of the wrong type.
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
            // One by one, so that the error can name the key.
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

    /// This table on top of another. Globs add up; everything else is replaced.
    pub(crate) fn over(mut self, mut below: Table) -> Table {
        for (above, below) in self.globs().into_iter().zip(below.globs()) {
            if let Some(below) = below.take() {
                above.get_or_insert_default().splice(0..0, below);
            }
        }
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
            listen: self.listen.or(below.listen),
            host: self.host.or(below.host),
            strict_port: self.strict_port.or(below.strict_port),
            port_env: self.port_env.or(below.port_env),
            allowed_hosts: self.allowed_hosts.or(below.allowed_hosts),
            watcher: self.watcher.or(below.watcher),
            stop_timeout: self.stop_timeout.or(below.stop_timeout),
            overlap: self.overlap.or(below.overlap),
            open: self.open.or(below.open),
            clear: self.clear.or(below.clear),
            keys: self.keys.or(below.keys),
            args: self.args.or(below.args),
            ..self
        }
    }

    /// With the default of everything that has one.
    pub(crate) fn with_defaults(self) -> Table {
        let defaults = Table {
            all_features: Some(false),
            no_default_features: Some(false),
            features: Some(Vec::new()),
            listen: Some(vec!["http::3000".into()]),
            host: Some(false),
            strict_port: Some(false),
            allowed_hosts: Some(Vec::new()),
            watch: Some(Vec::new()),
            ignore: Some(Vec::new()),
            restart: Some(Vec::new()),
            reload: Some(Vec::new()),
            env_files: Some(Vec::new()),
            watcher: Some(Watcher::Auto),
            stop_timeout: Some(5.0),
            overlap: Some(false),
            open: Some(false),
            clear: Some(false),
            keys: Some(true),
            args: Some(Vec::new()),
            ..Table::default()
        };
        self.over(defaults)
    }

    /// As it would stand in a manifest.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        Ok(format!("[package.metadata.{TABLE}]\n{}", toml::to_string(self)?))
    }
}

fn unknown_key(key: &str) -> anyhow::Error {
    match nearest(key, KEYS) {
        Some(nearest) => anyhow!("there is no key {key:?}; did you mean {nearest:?}?"),
        None => anyhow!("there is no key {key:?}; there are {}", KEYS.join(", ")),
    }
}

/// The one of `names` that was probably meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const ALIKE: f64 = 0.7;
    let score = |name: &str| strsim::jaro_winkler(typed, name);
    names
        .into_iter()
        .filter(|name| score(name) >= ALIKE)
        .max_by(|a, b| score(a).total_cmp(&score(b)))
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
    fn every_key_is_a_key() {
        let printed = serde_json::to_value(Table::default()).unwrap();
        let fields: Vec<_> = printed.as_object().unwrap().keys().cloned().collect();
        let mut keys = KEYS.map(str::to_owned).to_vec();
        keys.sort_unstable();
        let mut sorted = fields;
        sorted.sort_unstable();
        assert_eq!(sorted, keys);
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

    #[test]
    fn what_is_printed_can_be_read() {
        let table = read(json!({ "listen": ["web=http::1"], "restart": ["t/**"] })).unwrap();
        let text = table.with_defaults().to_toml().unwrap();
        let value: Value = toml::from_str(&text).unwrap();
        let again =
            Table::read(&value["package"]["metadata"], "package", Path::new("/p/x")).unwrap();
        assert_eq!(again.restart.clone().unwrap()[0].path(), Path::new("/p/t/**"));
        assert_eq!(again.to_toml().unwrap(), text);
    }
}
