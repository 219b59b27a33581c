//! The plan: what to build, watch and run, from the manifests and the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cargo_metadata::Package;
use listenfd_core::internal::env_var_raw;

use crate::build::arguments;
use crate::build::cargo::Recipe;
use crate::build::inputs::Inputs;
use crate::build::replay::setup::Setup;
use crate::project::cargo_config::CargoConfig;
use crate::project::env_files;
use crate::project::file_system::HOME;
use crate::project::manifests::Manifests;
use crate::project::packages::{Project, chosen_target_directory, folder_of};
use crate::run::program_env::ProgramEnv;
use crate::settings::resolved::{CommandLine, Settings};
use crate::terminal::places::Places;
use crate::watch::patterns::Patterns;
use crate::watch::rules::Rules;

/// What to build, watch and run. It is made again when a manifest has changed.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) recipe: Arc<Recipe>,
    pub(crate) packages: Vec<Package>,
    pub(crate) rules: Rules,
    pub(crate) program_env: ProgramEnv,
    pub(crate) manifests: Manifests,
    /// The variables of cargo's configuration.
    pub(crate) cargo_env: BTreeMap<String, OsString>,
    /// The target directory.
    pub(crate) target: PathBuf,
    /// Whether the manifests have other settings than those in force.
    pub(crate) has_other_settings: bool,
}

impl Plan {
    /// Reads the manifests. `kept` settings stay in force, whatever the manifests say.
    ///
    /// # Errors
    ///
    /// When a manifest, a setting or a flag is invalid.
    pub(crate) fn make(command_line: &CommandLine, kept: Option<Settings>) -> anyhow::Result<Self> {
        let CommandLine { folder, cargo, .. } = command_line;
        let read = SystemTime::now();
        let project = Project::read(command_line)?;
        let found = project.settings(&command_line.table)?;
        let settings = kept.unwrap_or_else(|| found.clone());
        let program = project.program(&settings.program)?;
        let config = CargoConfig::read(folder);
        let packages = project.closure(&program.package);
        let rules = rules(command_line, &project, &packages, &settings, &config)?;
        let root = project.workspace_root();
        let places = Places { root: root.to_owned(), folder: folder.clone() };
        let members = project.all_folders();
        let outside = packages.iter().filter(|package| !members.contains(&folder_of(package)));
        let outside: Vec<_> = outside.map(|package| package.name.as_str()).collect();
        let arguments = arguments::of(&program, &settings, cargo, root, &config, &outside);
        let manifests = manifests(&project, &packages).chain(config.places(folder));
        let target = project.target_directory(command_line);
        let is_on = settings.replay;
        let recording = is_on.then(|| Setup::new(&target, &arguments, &config, folder)).flatten();
        let jobs = jobs(cargo.jobs.as_deref());
        let directories = project.build_directories(chosen_target_directory(command_line));
        Ok(Plan {
            manifests: Manifests::new(manifests, read),
            program_env: ProgramEnv::new(&program, &config, directories, folder),
            target,
            cargo_env: config.env(env_var_raw),
            packages,
            has_other_settings: found != settings,
            recipe: Arc::new(Recipe { program, arguments, places, recording, jobs }),
            rules,
            settings,
        })
    }
}

impl Plan {
    /// The files that decide how cargo builds, besides sources: manifests, configuration, the
    /// toolchain. They may not exist.
    pub(crate) fn build_settings(&self) -> BTreeSet<PathBuf> {
        let toolchain = ["rust-toolchain", "rust-toolchain.toml"];
        let folders = self.recipe.places.folder.ancestors();
        let toolchain = folders.flat_map(|folder| toolchain.map(|name| folder.join(name)));
        let rustup = env_var_raw("RUSTUP_HOME").map(PathBuf::from);
        let rustup = rustup.or_else(|| Some(PathBuf::from(env_var_raw(HOME)?).join(".rustup")));
        let rustup = rustup.map(|folder| folder.join("settings.toml"));
        let settings = self.rules.settings.iter().chain(self.manifests.files()).cloned();
        let all = settings.chain(toolchain).chain(rustup).chain(self.program_env.compiler());
        all.map(|file| self.recipe.places.folder.join(file)).collect()
    }
}

/// The number of compilers that cargo would run at a time.
fn jobs(chosen: Option<&str>) -> usize {
    let chosen = chosen.and_then(|jobs| jobs.parse().ok()).filter(|jobs| *jobs > 0);
    chosen.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// The manifests of the workspace and of the packages, in it or not.
fn manifests(project: &Project, packages: &[Package]) -> impl Iterator<Item = PathBuf> {
    let root = project.workspace_root().to_owned();
    let folders = project.all_folders().into_iter().chain([root]);
    folders.chain(packages.iter().map(folder_of)).map(|folder| folder.join("Cargo.toml"))
}

/// The files from which programs often read variables at their start, as with dotenvy.
const DOTENV: [&str; 4] = [".env", ".env.local", ".env.development", ".env.development.local"];

fn rules(
    command_line: &CommandLine,
    project: &Project,
    packages: &[Package],
    settings: &Settings,
    config: &CargoConfig,
) -> anyhow::Result<Rules> {
    env_files::check(&settings.env_files)?;
    let folder = command_line.folder.as_path();
    let packages: Vec<_> = packages.iter().map(folder_of).collect();
    let mut other_packages = project.all_folders();
    other_packages.retain(|folder| !packages.contains(folder));
    let root = project.workspace_root();
    let in_root = ["Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"];
    let in_root = in_root.map(|name| root.join(name)).into_iter();
    let dotenv_folders = [folder, root].into_iter().chain(packages.first().map(PathBuf::as_path));
    let dotenv = dotenv_folders.flat_map(|folder| DOTENV.map(|name| folder.join(name))).collect();
    let targets =
        project.target_directories().into_iter().chain(chosen_target_directory(command_line));
    let is_in_repository =
        |package: &PathBuf| package.ancestors().any(|folder| folder.join(".git").exists());
    Ok(Rules {
        patterns: Patterns::new(settings)?,
        targets: targets.collect(),
        is_in_repository: packages.iter().any(is_in_repository),
        packages,
        other_packages,
        settings: in_root.chain(config.places(folder)).collect(),
        inputs: Inputs::default(),
        error: None,
        root: root.to_owned(),
        dotenv,
        is_wide: false,
    })
}
