//! The variables that `cargo run` sets for a program.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use listenfd_core::process_variable;

use crate::building::Artifact;
use crate::cargo_config::CargoConfig;
use crate::project::{Program, cargo};
use crate::sys::{LIBRARY_PATH, default_library_folders};

/// What does not change from build to build.
#[derive(Debug)]
pub(crate) struct Environment {
    variables: BTreeMap<String, OsString>,
    /// The standard library's shared objects.
    target_libdir: Option<PathBuf>,
}

impl Environment {
    /// Asks rustc where its libraries are.
    pub(crate) fn new(program: &Program, config: &CargoConfig) -> Self {
        let mut variables: BTreeMap<_, OsString> = config
            .env(|name| process_variable(name).is_some())
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        variables.extend(package_variables(program));
        variables.insert("CARGO".into(), cargo());
        Environment { variables, target_libdir: target_libdir() }
    }

    /// All of them for what a build made.
    pub(crate) fn of(&self, program: &Program, artifact: &Artifact) -> BTreeMap<String, OsString> {
        let mut variables = self.variables.clone();
        let own = artifact.scripts.iter().filter(|script| script.package == program.package.id);
        for (name, value) in own.flat_map(|script| &script.env) {
            variables.insert(name.clone(), value.into());
        }
        if let Some(path) = self.library_path(program, artifact) {
            variables.insert(LIBRARY_PATH.into(), path);
        }
        variables
    }

    fn library_path(&self, program: &Program, artifact: &Artifact) -> Option<OsString> {
        let folder = artifact.executable.parent()?;
        let root = if program.is_example { folder.parent()? } else { folder };
        // As cargo does, only libraries that the build itself has made.
        let linked = artifact.scripts.iter().flat_map(|script| &script.linked_paths);
        let made = linked.filter_map(|path| {
            let text = path.to_str()?;
            let path = text.split_once('=').map_or(text, |(_, path)| path);
            Path::new(path).starts_with(root).then(|| PathBuf::from(path))
        });
        let mut folders: Vec<PathBuf> = made.collect();
        folders.sort_unstable();
        folders.dedup();
        folders.extend([root.join("deps"), root.to_owned()]);
        folders.extend(self.target_libdir.clone());
        let inherited = process_variable(LIBRARY_PATH);
        match inherited {
            Some(inherited) => folders.extend(std::env::split_paths(&inherited)),
            None => folders.extend(default_library_folders()),
        }
        std::env::join_paths(folders).ok()
    }
}

/// `CARGO_PKG_*` and the like ("Environment variables Cargo sets for crates", the Cargo book).
fn package_variables(program: &Program) -> BTreeMap<String, OsString> {
    let package = &program.package;
    let manifest = package.manifest_path.as_std_path();
    let version = &package.version;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let path = |value: &Option<cargo_metadata::camino::Utf8PathBuf>| {
        value.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let mut variables: BTreeMap<String, OsString> = [
        ("CARGO_PKG_VERSION", version.to_string()),
        ("CARGO_PKG_VERSION_MAJOR", version.major.to_string()),
        ("CARGO_PKG_VERSION_MINOR", version.minor.to_string()),
        ("CARGO_PKG_VERSION_PATCH", version.patch.to_string()),
        ("CARGO_PKG_VERSION_PRE", version.pre.to_string()),
        ("CARGO_PKG_NAME", package.name.to_string()),
        ("CARGO_PKG_AUTHORS", package.authors.join(":")),
        ("CARGO_PKG_DESCRIPTION", text(&package.description)),
        ("CARGO_PKG_HOMEPAGE", text(&package.homepage)),
        ("CARGO_PKG_REPOSITORY", text(&package.repository)),
        ("CARGO_PKG_LICENSE", text(&package.license)),
        ("CARGO_PKG_LICENSE_FILE", path(&package.license_file)),
        ("CARGO_PKG_README", path(&package.readme)),
        ("CARGO_PKG_RUST_VERSION", program.rust_version.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.into()))
    .collect();
    let folder = manifest.parent().unwrap_or(manifest);
    variables.insert("CARGO_MANIFEST_DIR".into(), folder.into());
    variables.insert("CARGO_MANIFEST_PATH".into(), manifest.into());
    variables
}

fn target_libdir() -> Option<PathBuf> {
    let rustc = process_variable("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim_end()))
}
