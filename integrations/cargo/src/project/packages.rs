//! The packages of the project and the program among them, as `cargo metadata` tells.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail};
use cargo_metadata::{Metadata, Package};
use serde::Deserialize;
use serde_json::Value;

use crate::project::cargo_errors::on_one_line;
use crate::project::paths::normalized;
use crate::project::select_target::select;
use crate::settings::did_you_mean::nearest;
use crate::settings::resolved::{CommandLine, Settings};
use crate::settings::tables::Table;
use crate::settings::values::ProgramName;

/// A project as cargo knows it.
#[derive(Debug)]
pub(crate) struct Project {
    metadata: Metadata,
    /// The same as JSON, for values that the types leave out or change.
    raw: Value,
    /// The folder of the manifest that the user names, or the current folder.
    folder: PathBuf,
}

/// The program to build and run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) package: Package,
    pub(crate) name: String,
    pub(crate) is_example: bool,
    /// `rust-version` as written in the manifest.
    pub(crate) rust_version: String,
}

/// The cargo that started this process, or the one on the `PATH`.
pub(crate) fn cargo() -> OsString {
    listenfd_core::internal::env_var("CARGO").unwrap_or_else(|| "cargo".into())
}

impl Project {
    /// Asks cargo for the metadata. Dependencies are not resolved, so this needs no network.
    ///
    /// # Errors
    ///
    /// When there is no manifest, or when cargo cannot read one.
    pub(crate) fn read(command_line: &CommandLine) -> anyhow::Result<Self> {
        let CommandLine { cargo, folder, .. } = command_line;
        let manifest = cargo.manifest_path.as_deref();
        if let Some(missing) = manifest.filter(|path| !folder.join(path).is_file()) {
            bail!("there is no manifest {}; --manifest-path takes a Cargo.toml", missing.display());
        }
        let (metadata, raw) = metadata(folder, manifest, &cargo.common_flags())?;
        let chosen =
            manifest.and_then(|path| normalized(&folder.join(path)).parent().map(Into::into));
        Ok(Project { metadata, raw, folder: chosen.unwrap_or_else(|| folder.clone()) })
    }

    /// The settings in force: those of the manifests, with the flags on top.
    ///
    /// # Errors
    ///
    /// When a table has an unknown key or an invalid value.
    pub(crate) fn settings(&self, flags: &Table) -> anyhow::Result<Settings> {
        let root = self.workspace_root().join("Cargo.toml");
        let workspace = Table::read(&self.metadata.workspace_metadata, "workspace", &root)?;
        let above = flags.clone().over(workspace.clone());
        // The only package, or the package of the program. If the program is not clear, `program`
        // will say so later.
        let package = match self.packages(above.package.as_deref())?[..] {
            [package] => Some(package.clone()),
            _ => self.program(&above.program()).ok().map(|program| program.package),
        };
        let package = package.map(|package| {
            Table::read(&package.metadata, "package", package.manifest_path.as_std_path())
        });
        let package = package.transpose()?.unwrap_or_default();
        Settings::resolve(flags.clone().over(package).over(workspace))
    }

    /// Finds the program as `cargo run` would.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one; the error lists them.
    pub(crate) fn program(&self, name: &ProgramName) -> anyhow::Result<Program> {
        let packages = self.packages(name.package.as_deref())?;
        let (package, target) = select(&packages, name)?;
        let rust_version = self.rust_version(package);
        let (name, is_example) = (target.name.clone(), target.is_example());
        Ok(Program { package: package.clone(), name, is_example, rust_version })
    }

    pub(crate) fn workspace_root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// The target directory and, if it is another one, the build directory.
    pub(crate) fn target_directories(&self) -> Vec<PathBuf> {
        let build = self.raw["build_directory"].as_str().map(PathBuf::from);
        let target = self.metadata.target_directory.as_std_path().to_owned();
        std::iter::once(target).chain(build).collect()
    }

    /// The target directory of a `cargo devserver` with this command line.
    pub(crate) fn target_directory(&self, line: &CommandLine) -> PathBuf {
        let configured = || self.metadata.target_directory.as_std_path().to_owned();
        chosen_target_directory(line).unwrap_or_else(configured)
    }

    /// The same directories with `chosen` as the target directory.
    pub(crate) fn build_directories(&self, chosen: Option<PathBuf>) -> Vec<PathBuf> {
        let mut directories = self.target_directories();
        if let Some(chosen) = chosen {
            // Without a configured build directory, cargo builds in the target directory.
            let target = std::mem::replace(&mut directories[0], chosen);
            directories.retain(|directory| *directory != target);
        }
        directories
    }

    /// The package, and all packages that it depends on by path, in the workspace and outside.
    pub(crate) fn closure(&self, package: &Package) -> Vec<Package> {
        let mut found = vec![package.clone()];
        let mut next = 0;
        while let Some(package) = found.get(next) {
            next += 1;
            let paths =
                package.dependencies.iter().filter_map(|dependency| dependency.path.clone());
            for path in paths.collect::<Vec<_>>() {
                let path = path.as_std_path();
                if !found.iter().any(|known| folder_of(known) == path) {
                    found.extend(self.package_in(path));
                }
            }
        }
        found
    }

    /// The folders of all packages of the workspace.
    pub(crate) fn all_folders(&self) -> Vec<PathBuf> {
        self.metadata.packages.iter().map(folder_of).collect()
    }

    fn rust_version(&self, package: &Package) -> String {
        let mut packages = self.raw["packages"].as_array().into_iter().flatten();
        let raw = packages.find(|raw| raw["id"] == package.id.repr.as_str());
        raw.and_then(|raw| raw["rust_version"].as_str()).unwrap_or_default().to_owned()
    }

    fn package_in(&self, folder: &Path) -> Option<Package> {
        let is_there = |package: &&Package| folder_of(package) == folder;
        if let Some(package) = self.metadata.packages.iter().find(is_there) {
            return Some(package.clone());
        }
        // Outside of the workspace. If cargo cannot read it, the build will say so.
        let manifest = folder.join("Cargo.toml");
        let (metadata, _) = metadata(&self.folder, Some(&manifest), &[]).ok()?;
        metadata.packages.iter().find(is_there).cloned()
    }

    /// The packages that cargo would select from: the named one, the one in the current folder, or
    /// the default members of the workspace.
    fn packages(&self, named: Option<&str>) -> anyhow::Result<Vec<&Package>> {
        let members = self.metadata.workspace_packages();
        if let Some(name) = named {
            let is_named = |package: &&&Package| {
                *package.name == *name || format!("{}@{}", package.name, package.version) == name
            };
            let found = members.iter().find(is_named);
            return found.map(|package| vec![*package]).ok_or_else(|| {
                let names = members.iter().map(|package| package.name.as_str());
                let hint = match nearest(name, names.clone()) {
                    Some(nearest) => format!("did you mean {nearest:?}?"),
                    None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
                };
                anyhow!("there is no package {name:?} in this workspace; {hint}")
            });
        }
        let here = self.folder.ancestors().find_map(|folder| {
            members.iter().find(|package| folder_of(package) == folder).copied()
        });
        let root = self.workspace_root();
        Ok(match here {
            // The package at the root of a workspace stands for the default members, as in cargo.
            Some(package) if folder_of(package) != root => vec![package],
            _ => self.metadata.workspace_default_packages(),
        })
    }
}

/// The absolute path of `--target-dir`.
pub(crate) fn chosen_target_directory(line: &CommandLine) -> Option<PathBuf> {
    let path = line.cargo.target_dir.as_ref();
    path.map(|path| normalized(&line.folder.join(path)))
}

/// The folder of the package's manifest.
pub(crate) fn folder_of(package: &Package) -> PathBuf {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The package's id without the version, which may change during the session.
pub(crate) fn place_of(package: &Package) -> &str {
    package.id.repr.split('#').next().unwrap_or_default()
}

fn metadata(
    folder: &Path,
    manifest: Option<&Path>,
    flags: &[OsString],
) -> anyhow::Result<(Metadata, Value)> {
    let mut command = Command::new(cargo());
    command.args(["metadata", "--format-version=1", "--no-deps", "--color=never"]);
    command.args(flags).current_dir(folder).stdin(Stdio::null());
    if let Some(path) = manifest {
        command.arg("--manifest-path").arg(path);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}; is cargo on the PATH?", cargo()))?;
    if !output.status.success() {
        bail!("{}", on_one_line(&String::from_utf8_lossy(&output.stderr)));
    }
    let unclear = "cannot understand cargo metadata";
    let raw: Value = serde_json::from_slice(&output.stdout).context(unclear)?;
    Ok((Metadata::deserialize(&raw).context(unclear)?, raw))
}
