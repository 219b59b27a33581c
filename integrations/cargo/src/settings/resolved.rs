//! The settings in force: every value is there, and every value has been checked.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Serialize, Serializer};

use crate::settings::browser::Browser;
use crate::settings::listen::Listen;
use crate::settings::tables::{TABLE, Table};
use crate::settings::values::{Glob, Profile, ProgramName, Watcher};

/// The command line in plain values.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine {
    /// The folder that cargo is started in, and that relative paths in flags belong to.
    pub(crate) folder: PathBuf,
    pub(crate) cargo: CargoOptions,
    /// The flags that can also be keys in `Cargo.toml`.
    pub(crate) table: Table,
    pub(crate) print_config: bool,
}

/// Flags that are passed on to cargo.
#[derive(Clone, Debug, Default)]
pub(crate) struct CargoOptions {
    pub(crate) manifest_path: Option<PathBuf>,
    pub(crate) target_dir: Option<PathBuf>,
    pub(crate) jobs: Option<String>,
    pub(crate) locked: bool,
    pub(crate) offline: bool,
    pub(crate) frozen: bool,
}

/// The settings in force. Serialized, they have the keys of a table in `Cargo.toml`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Settings {
    #[serde(flatten)]
    pub(crate) program: ProgramName,
    pub(crate) profile: Profile,
    pub(crate) features: Vec<String>,
    pub(crate) all_features: bool,
    pub(crate) no_default_features: bool,
    /// Whether rustc is run again without cargo where only sources have changed.
    pub(crate) replay: bool,
    #[serde(rename = "listen")]
    typed_listen: Vec<String>,
    host: bool,
    pub(crate) strict_port: bool,
    port_env: Option<String>,
    /// The parsed `listen`, `host` and `port-env`.
    #[serde(skip)]
    pub(crate) listen: Listen,
    pub(crate) allowed_hosts: Vec<String>,
    #[serde(flatten)]
    pub(crate) browser: Browser,
    pub(crate) watch: Vec<Glob>,
    pub(crate) ignore: Vec<Glob>,
    pub(crate) restart: Vec<Glob>,
    pub(crate) reload: Vec<Glob>,
    pub(crate) env_files: Vec<Glob>,
    pub(crate) watcher: Watcher,
    #[serde(serialize_with = "in_seconds")]
    pub(crate) stop_timeout: Duration,
    #[serde(serialize_with = "in_seconds")]
    pub(crate) hold: Duration,
    pub(crate) overlap: bool,
    pub(crate) open: bool,
    pub(crate) clear: bool,
    /// Whether the program's output is shown in the browser's console.
    pub(crate) browser_log: bool,
    pub(crate) keys: bool,
    pub(crate) args: Vec<String>,
}

impl CargoOptions {
    /// The flags that every command of cargo takes.
    pub(crate) fn common_flags(&self) -> Vec<OsString> {
        let flags =
            [(self.locked, "--locked"), (self.offline, "--offline"), (self.frozen, "--frozen")];
        flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag.into()).collect()
    }
}

impl Settings {
    /// Applies the defaults to the tables, which have been put together, and checks each value.
    ///
    /// # Errors
    ///
    /// When a value is invalid, or two values contradict each other.
    pub(crate) fn resolve(table: Table) -> anyhow::Result<Self> {
        let program = table.program();
        let typed_listen = table.listen.unwrap_or_else(|| vec!["http::3000".into()]);
        let host = table.host.unwrap_or(false);
        let listen = Listen::parse(&typed_listen, host, table.port_env.as_deref())?;
        let overlap = table.overlap.unwrap_or(false);
        if overlap && table.port_env.is_some() {
            bail!(
                "--overlap needs the old and the new program on the same socket, which --port-env does not have"
            );
        }
        Ok(Settings {
            program,
            profile: table.profile.map_or(Profile::Auto, Profile::Named),
            features: table.features.unwrap_or_default(),
            all_features: table.all_features.unwrap_or(false),
            no_default_features: table.no_default_features.unwrap_or(false),
            replay: table.replay.unwrap_or(true),
            typed_listen,
            host,
            strict_port: table.strict_port.unwrap_or(false),
            port_env: table.port_env,
            listen,
            allowed_hosts: table.allowed_hosts.unwrap_or_default(),
            browser: table.browser.resolve()?,
            watch: table.watch.unwrap_or_default(),
            ignore: table.ignore.unwrap_or_default(),
            restart: table.restart.unwrap_or_default(),
            reload: table.reload.unwrap_or_default(),
            env_files: table.env_files.unwrap_or_default(),
            watcher: table.watcher.unwrap_or(Watcher::Auto),
            stop_timeout: seconds("--stop-timeout", table.stop_timeout.unwrap_or(5.0))?,
            hold: seconds("--hold", table.hold.unwrap_or(60.0))?,
            overlap,
            open: table.open.unwrap_or(false),
            clear: table.clear.unwrap_or(false),
            browser_log: table.browser_log.unwrap_or(true),
            keys: table.keys.unwrap_or(true),
            args: table.args.unwrap_or_default(),
        })
    }

    /// The settings as a table of a manifest.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        Ok(format!("[package.metadata.{TABLE}]\n{}", toml::to_string(self)?))
    }
}

/// The longest time that a timer is sure to take.
const LONGEST: f64 = 365.0 * 86_400.0;

fn seconds(flag: &str, seconds: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(seconds.min(LONGEST))
        .with_context(|| format!("{flag} {seconds}: expected a number of seconds, 0 or more"))
}

fn in_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::settings::tables::KEYS;

    #[test]
    fn settings_have_the_keys_of_a_table() {
        let settings = Settings::resolve(Table::default()).unwrap();
        let printed = serde_json::to_value(settings).unwrap();
        let fields: Vec<_> = printed.as_object().unwrap().keys().cloned().collect();
        let mut keys = KEYS.map(str::to_owned).to_vec();
        keys.sort_unstable();
        let mut sorted = fields;
        sorted.sort_unstable();
        assert_eq!(sorted, keys);
    }

    #[test]
    fn printed_settings_can_be_read() {
        let table = json!({ "listen": ["web=http::1"], "restart": ["t/**"] });
        let metadata = json!({ "devserver": table });
        let table = Table::read(&metadata, "package", Path::new("/p/Cargo.toml")).unwrap();
        let text = Settings::resolve(table).unwrap().to_toml().unwrap();
        let value: Value = toml::from_str(&text).unwrap();
        let again =
            Table::read(&value["package"]["metadata"], "package", Path::new("/p/x")).unwrap();
        assert_eq!(again.restart.clone().unwrap()[0].path(), Path::new("/p/t/**"));
        assert_eq!(Settings::resolve(again).unwrap().to_toml().unwrap(), text);
    }
}
