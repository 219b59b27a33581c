//! The variables and the runner with which `cargo run` starts a program.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use listenfd_core::internal::env_var_raw as variable;

use crate::build::artifact::Artifact;
use crate::project::cargo_config::CargoConfig;
use crate::project::config_values::Runner;
use crate::project::packages::{Program, cargo};
use crate::project::rustc_target::Target;
use crate::sys::{LIBRARY_PATH, default_library_folders};

/// The part that stays the same from build to build, unless cargo's configuration changes.
#[derive(Debug)]
pub(crate) struct ProgramEnv {
    /// `CARGO_PKG_*` and the like.
    package: BTreeMap<String, OsString>,
    /// `[env]` of cargo's configuration.
    from_config: BTreeMap<String, OsString>,
    runner: Option<Runner>,
    target: Target,
    /// The target directory and, if it is another one, the build directory.
    directories: Vec<PathBuf>,
    /// The folder that cargo is started in.
    folder: PathBuf,
}

impl ProgramEnv {
    /// Asks rustc about the target. The first of the `directories` is the target directory, the
    /// last one the build directory.
    pub(crate) fn new(
        program: &Program,
        config: &CargoConfig,
        directories: Vec<PathBuf>,
        folder: &Path,
    ) -> Self {
        let mut package = package_variables(program);
        package.insert("CARGO".into(), cargo());
        let mut program_env = ProgramEnv {
            package,
            from_config: BTreeMap::new(),
            runner: None,
            target: Target::ask(config, folder),
            directories,
            folder: folder.to_owned(),
        };
        program_env.configure(config);
        program_env
    }

    /// Takes over cargo's configuration. Returns whether it has changed.
    pub(crate) fn configure(&mut self, config: &CargoConfig) -> bool {
        let Target { triple, cfg, .. } = &self.target;
        let runner = config.runner(triple, cfg, &self.folder, variable);
        let from_config = config.env(variable);
        let is_other = (&runner, &from_config) != (&self.runner, &self.from_config);
        (self.runner, self.from_config) = (runner, from_config);
        is_other
    }

    /// The file of the compiler, below the folder of its libraries.
    pub(crate) fn compiler(&self) -> Option<PathBuf> {
        let root = self.target.libdir.as_deref()?.ancestors().nth(4)?;
        Some(root.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX)))
    }

    /// Whether `other` would start a program in another way.
    pub(crate) fn differs_from(&self, other: &ProgramEnv) -> bool {
        self.package != other.package
            || self.from_config != other.from_config
            || self.runner != other.runner
    }

    /// The target that the program is built for, such as `x86_64-unknown-linux-gnu`.
    pub(crate) fn triple(&self) -> &str {
        &self.target.triple
    }

    /// Whether cargo's configuration names a runner.
    pub(crate) fn has_runner(&self) -> bool {
        self.runner.is_some()
    }

    /// The executable to start, the program or its runner, and the arguments before the program's
    /// own.
    pub(crate) fn command(&self, executable: &Path) -> (OsString, Vec<OsString>) {
        // cargo shortens the path in the same way, and the program sees it as its first argument.
        let short = executable.strip_prefix(&self.folder);
        let executable: OsString = match short {
            Ok(name) if name.components().count() == 1 => Path::new(".").join(name).into(),
            Ok(short) => short.into(),
            Err(_) => executable.into(),
        };
        let Some(Runner { program, arguments }) = &self.runner else {
            return (executable, Vec::new());
        };
        let arguments = arguments.iter().map(OsString::from).chain([executable]);
        (program.into(), arguments.collect())
    }

    /// All variables for the program that a build made. Of several values, cargo's own comes first,
    /// then the build script's, then the configuration's.
    pub(crate) fn of(&self, program: &Program, artifact: &Artifact) -> BTreeMap<String, OsString> {
        let mut variables = BTreeMap::new();
        if let Some(path) = self.library_path(program, artifact) {
            variables.insert(LIBRARY_PATH.into(), path);
        }
        for script in artifact.scripts.iter().filter(|it| it.package == program.package.id) {
            variables.insert("OUT_DIR".into(), script.out_dir.clone().into());
            let own = script.env.iter().map(|(name, value)| (name.clone(), value.into()));
            variables.extend(own);
        }
        variables.extend(self.package.clone());
        for (name, value) in &self.from_config {
            variables.entry(name.clone()).or_insert_with(|| value.clone());
        }
        variables
    }

    fn library_path(&self, program: &Program, artifact: &Artifact) -> Option<OsString> {
        let folder = artifact.executable.parent()?;
        let root = if program.is_example { folder.parent()? } else { folder };
        // As in cargo, only the folders of libraries that the build itself has made.
        let linked = artifact.scripts.iter().flat_map(|script| &script.linked_paths);
        let made = linked.filter_map(|path| {
            let text = path.to_str()?;
            let path = text.split_once('=').map_or(text, |(_, path)| path);
            Path::new(path).starts_with(root).then(|| PathBuf::from(path))
        });
        let mut folders: Vec<PathBuf> = made.collect();
        folders.sort_unstable();
        folders.dedup();
        folders.extend([root.to_owned(), self.build_folder(root).join("deps")]);
        folders.extend(self.target.libdir.clone());
        let inherited: Vec<PathBuf> = match variable(LIBRARY_PATH) {
            Some(inherited) => std::env::split_paths(&inherited).collect(),
            None => default_library_folders(),
        };
        if inherited.starts_with(&folders) {
            folders = inherited;
        } else {
            folders.extend(inherited);
        }
        std::env::join_paths(folders).ok()
    }

    /// The folder in which cargo builds the programs of `root`.
    fn build_folder(&self, root: &Path) -> PathBuf {
        let (target, build) = (self.directories.first(), self.directories.last());
        let within = target.and_then(|target| root.strip_prefix(target).ok());
        within.zip(build).map_or_else(|| root.to_owned(), |(within, build)| build.join(within))
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
