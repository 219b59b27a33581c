//! The target that the program is built for, as rustc describes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_platform::Cfg;
use listenfd_core::internal::env_var;

use crate::project::cargo_config::CargoConfig;

/// A target.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// Such as `x86_64-unknown-linux-gnu`.
    pub(crate) triple: String,
    /// The configuration options that are set.
    pub(crate) cfg: Vec<Cfg>,
    /// The folder of the standard library's shared objects.
    pub(crate) libdir: Option<PathBuf>,
}

impl Target {
    /// Asks rustc, with the target and the flags that cargo passes to it. If that fails, the build
    /// will say so.
    pub(crate) fn ask(config: &CargoConfig, folder: &Path) -> Self {
        let rustc = config.rustc(folder, env_var).unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.args(config.rustc_arguments(env_var)).current_dir(folder);
        let output = command.args(["--print", "target-libdir", "--print", "cfg"]).output();
        match output.ok().filter(|output| output.status.success()) {
            Some(output) => Target::parse(&String::from_utf8_lossy(&output.stdout)),
            None => Target::default(),
        }
    }

    /// Parses rustc's output: the folder `…/rustlib/TRIPLE/lib`, then a line for each option.
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let libdir = lines.next().map(PathBuf::from);
        let triple = libdir.as_deref().and_then(Path::parent).and_then(Path::file_name);
        Target {
            triple: triple.unwrap_or_default().to_string_lossy().into_owned(),
            cfg: lines.filter_map(|line| line.parse().ok()).collect(),
            libdir,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_rustc_is_parsed() {
        let text = "/r/lib/rustlib/x86_64-unknown-linux-gnu/lib\nunix\ntarget_os=\"linux\"\n";
        let target = Target::parse(text);
        assert_eq!(target.triple, "x86_64-unknown-linux-gnu");
        assert_eq!(
            target.libdir.unwrap(),
            Path::new("/r/lib/rustlib/x86_64-unknown-linux-gnu/lib")
        );
        assert_eq!(target.cfg.len(), 2);
    }
}
