//! From the arguments to a session: everything is checked before anything is begun.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use cargo_metadata::Package;
use listenfd_systemfd::{Options, Sockets, Spec};

use crate::build::cargo::Recipe;
use crate::build::inputs::{Inputs, normalized};
use crate::build::profile;
use crate::project::cargo_config::CargoConfig;
use crate::project::manifests::Manifests;
use crate::project::package::{Project, build_flags, folder_of};
use crate::project::program_env::Environment;
use crate::run::launcher::Launcher;
use crate::session::Session;
use crate::settings::listen::Listen;
use crate::settings::resolved::{CargoOptions, CommandLine, Settings};
use crate::terminal::screen::Screen;
use crate::watch::rules::{Patterns, Rules};
use crate::web::sockets;

/// What the manifests and the flags come to. Read again when a manifest has changed.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) recipe: Recipe,
    pub(crate) packages: Vec<Package>,
    pub(crate) rules: Rules,
    pub(crate) environment: Environment,
    pub(crate) manifests: Manifests,
    /// Whether the manifests say something else than `settings`.
    pub(crate) has_other_settings: bool,
}

/// Runs until it is told to end.
///
/// # Errors
///
/// When it cannot begin.
pub(crate) fn run(command_line: CommandLine, screen: &Screen) -> anyhow::Result<()> {
    let plan = Plan::make(&command_line, None)?;
    if command_line.print_config {
        screen.print(&plan.settings.to_toml()?);
        return Ok(());
    }
    let settings = &plan.settings;
    let strict = settings.strict_port;
    let (sockets, port) = match &settings.listen {
        Listen::Hold(specs) => (sockets::open(specs, strict, screen)?, None),
        Listen::PortEnv { variable, spec } => {
            let spec = sockets::free_port(spec, strict, screen)?;
            (none()?, Some((variable.clone(), spec)))
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the event loop")?;
    let launcher = Rc::new(Launcher::new()?);
    tell_of(&sockets, port.as_ref().map(|(_, spec)| spec), screen);
    let screen = screen.clone();
    let ended = tokio::task::LocalSet::new().block_on(&runtime, async move {
        Session::run(command_line, plan, sockets, port, launcher, screen).await
    });
    // What still runs in other threads waits for another process, which may never answer.
    runtime.shutdown_background();
    ended
}

fn none() -> anyhow::Result<Sockets> {
    Ok(Sockets::open(&[], &Options::default())?)
}

fn tell_of(sockets: &Sockets, port: Option<&Spec>, screen: &Screen) {
    sockets::report(sockets, screen);
    if let Some(spec) = port {
        let address = sockets::url(spec, &spec.address);
        screen.report(&crate::terminal::report::Report::Listening {
            address,
            name: None,
            fd: None,
        });
    }
}

impl Plan {
    /// Reads the manifests; `kept` settings stay in force, whatever they say.
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
        let program = project.program(settings.program())?;
        let config = CargoConfig::read(folder);
        let packages = project.closure(&program.package);
        let rules = rules(cargo, &project, &packages, &settings, (folder, &config))?;
        let mut arguments = build_flags(cargo, &settings, &program);
        let profile = profile::arguments(&settings.profile, project.workspace_root(), &config);
        arguments.extend(profile.into_iter().map(OsString::from));
        let root = project.workspace_root().to_owned();
        let folders = project.all_folders().into_iter().chain([root]);
        let folders = folders.chain(packages.iter().map(folder_of));
        let manifests = folders.map(|folder| folder.join("Cargo.toml"));
        let manifests = Manifests::new(manifests.chain(config.places(folder)), read);
        let chosen = cargo.target_dir.as_ref().map(|path| normalized(&folder.join(path)));
        let directories = project.build_directories(chosen);
        Ok(Plan {
            manifests,
            environment: Environment::new(&program, &config, directories, folder),
            packages,
            has_other_settings: found != settings,
            recipe: Recipe { program, arguments },
            rules,
            settings,
        })
    }
}

/// What programs read variables from when they start, as `dotenvy` and others have it.
const DOTENV: [&str; 4] = [".env", ".env.local", ".env.development", ".env.development.local"];

fn rules(
    cargo: &CargoOptions,
    project: &Project,
    packages: &[Package],
    settings: &Settings,
    (folder, config): (&Path, &CargoConfig),
) -> anyhow::Result<Rules> {
    let packages: Vec<_> = packages.iter().map(folder_of).collect();
    let mut other_packages = project.all_folders();
    other_packages.retain(|folder| !packages.contains(folder));
    let root = project.workspace_root();
    let in_root = ["Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"];
    let settings_files =
        in_root.map(|name| root.join(name)).into_iter().chain(config.places(folder));
    for file in &settings.env_files {
        let path: PathBuf = file.path();
        if !path.is_file() {
            bail!("--env-file {:?}: there is no {}", file.pattern, path.display());
        }
    }
    let looked_in = [folder, root].into_iter().chain(packages.first().map(PathBuf::as_path));
    let dotenv = looked_in.flat_map(|folder| DOTENV.map(|name| folder.join(name))).collect();
    Ok(Rules {
        globs: Patterns::new(settings)?,
        targets: project
            .target_directories()
            .into_iter()
            .chain(cargo.target_dir.as_ref().map(|path| normalized(&folder.join(path))))
            .collect(),
        is_in_repository: packages
            .iter()
            .any(|package| package.ancestors().any(|folder| folder.join(".git").exists())),
        packages,
        other_packages,
        settings: settings_files.collect(),
        inputs: Inputs::default(),
        error: None,
        root: root.to_owned(),
        dotenv,
        is_wide: false,
    })
}
