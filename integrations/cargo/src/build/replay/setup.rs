//! How cargo is told to record its commands, and where the records are.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use listenfd_core::internal::env_var_raw;

use crate::build::profile::FAST;
use crate::build::replay::record::RECORDS;
use crate::build::replay::wrapper::{NAME, NEXT};
use crate::project::cargo_config::CargoConfig;
use crate::project::file_system::{file_state, gone, link_command};

/// How the builds of a session are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// The folder for all that replays need.
    folder: PathBuf,
    /// The path by which cargo runs this program as its wrapper.
    link: PathBuf,
    /// The user's own wrapper, which runs below ours.
    pub(crate) wrapper: Option<OsString>,
}

/// The folder's name, below that of our profile.
const FOLDER: &str = ".replay";

impl Setup {
    /// For builds in a target directory by these arguments. `None` where builds are not recorded: in
    /// the folder of another profile, or with a wrapper of all crates (`RUSTC_WRAPPER`), such as
    /// sccache, which may leave out our own; or where cargo itself judges warnings (`build.warnings`).
    pub(crate) fn new(
        target: &Path,
        arguments: &[OsString],
        config: &CargoConfig,
        folder: &Path,
    ) -> Option<Self> {
        let is_ours = arguments.windows(2).any(|pair| pair[0] == "--profile" && pair[1] == FAST);
        let tool = |name: &str| config.tool(name, folder, env_var_raw);
        let judges_warnings = config.value(&["build", "warnings"]).is_some()
            || env_var_raw("CARGO_BUILD_WARNINGS").is_some();
        if !is_ours || judges_warnings || tool("rustc-wrapper").is_some() {
            return None;
        }
        let wrapper = tool("rustc-workspace-wrapper");
        let folder = target.join(FAST).join(FOLDER);
        // cargo compiles again when the wrapper has another path. So ours has another path when the
        // user's is another one, and the same path wherever this program is installed.
        let mut hasher = DefaultHasher::new();
        wrapper.hash(&mut hasher);
        let of = match &wrapper {
            Some(_) => format!("wrapper-{:016x}", hasher.finish()),
            None => "wrapper".to_owned(),
        };
        let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        Some(Setup { link: folder.join(of).join(name), folder, wrapper })
    }

    /// Makes the link to this program, and returns the variables for cargo.
    ///
    /// # Errors
    ///
    /// When the link cannot be made.
    pub(crate) fn variables(&self) -> io::Result<Vec<(&'static str, OsString)>> {
        let program = std::env::current_exe()?;
        let (ours, linked) = (file_state(&program)?, file_state(&self.link)?);
        // A program that was replaced while it runs is gone, and the link leads to the new one.
        if linked.is_none() || (ours.is_some() && ours != linked) {
            std::fs::create_dir_all(self.link.parent().unwrap_or(Path::new("")))?;
            gone(std::fs::remove_file(&self.link))?;
            link_command(&program, &self.link)?;
        }
        let next = self.wrapper.clone().unwrap_or_default();
        Ok(vec![("RUSTC_WORKSPACE_WRAPPER", self.link.clone().into()), (NEXT, next)])
    }

    pub(crate) fn records(&self) -> PathBuf {
        self.folder.join(RECORDS)
    }

    /// The folder for the output of replays of a program.
    pub(crate) fn output(&self, package: &str, name: &str) -> PathBuf {
        self.folder.join("programs").join(package).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_of_other_profiles_are_not_recorded_and_the_users_wrapper_counts() {
        let setup = |profile: &str, config: &str| {
            let arguments = ["--profile", profile].map(OsString::from);
            let config = CargoConfig::of(&[("/ws/.cargo/config.toml", config)]);
            Setup::new(Path::new("/ws/target"), &arguments, &config, Path::new("/ws"))
        };
        assert_eq!(setup("dev", ""), None);
        assert_eq!(setup("devserver", "[build]\nrustc-wrapper = 'sccache'"), None);
        assert_eq!(setup("devserver", "[build]\nwarnings = 'deny'"), None);
        let plain = setup("devserver", "").unwrap();
        assert_eq!(plain.wrapper, None);
        let own = setup("devserver", "[build]\nrustc-workspace-wrapper = 'tools/w'").unwrap();
        assert_eq!(own.wrapper, Some(Path::new("/ws").join("tools/w").into()));
        assert!(own.link != plain.link && own.folder == plain.folder);
    }
}
