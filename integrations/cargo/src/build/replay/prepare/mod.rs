//! From a build by cargo to what the next replay needs to know. This is done after the build, so that
//! nobody waits for it.
//!
//! `crates` has the crates that the program is made of, `inputs` the files that count.

mod crates;
mod inputs;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::diagnostic::Diagnostic;
use cargo_metadata::{Package, PackageId, Target};
use listenfd_core::internal::env_var_raw;

use crate::build::artifact::{Artifact, Said};
use crate::build::inputs::Inputs;
use crate::build::replay::commands::script_of;
use crate::build::replay::conditions::{Crate, Known};
use crate::build::replay::dep_info::DepInfo;
use crate::build::replay::files::Files;
use crate::build::replay::lock::is_locked_by_cargo;
use crate::build::replay::setup::Setup;
use crate::build::replay::unit::{Kind, Unit};
use crate::project::file_system::{file_state, gone};
use crate::project::packages::{Program, folder_of};
use crate::project::paths::is_modified_since;

/// A good build by cargo.
#[derive(Debug)]
pub(crate) struct GoodBuild {
    pub(crate) setup: Setup,
    pub(crate) program: Program,
    /// The program's package, and those that it needs by path.
    pub(crate) packages: Vec<Package>,
    pub(crate) artifact: Artifact,
    /// Manifests, configuration files, and others for which cargo is asked.
    pub(crate) settings: BTreeSet<PathBuf>,
    /// The variables of cargo's configuration.
    pub(crate) env: BTreeMap<String, OsString>,
    /// When it began.
    pub(crate) began: SystemTime,
}

impl GoodBuild {
    /// What a replay needs to know; `None` if there can be none.
    ///
    /// # Errors
    ///
    /// When a file cannot be seen or a folder cannot be made.
    pub(crate) fn known(mut self) -> io::Result<Option<Known>> {
        let (scripts, began) = (&self.artifact.scripts, self.began);
        let units = crates::units(&self.setup.records(), began);
        let Some(program) = self.program(&units)? else { return Ok(None) };
        if self.artifact.said.is_cut || !self.has_all_records(&units) {
            return Ok(None);
        }
        let folders: Vec<_> = self.packages.iter().map(folder_of).collect();
        let mut crates = crates::in_order(units, &program, &folders)?;
        for it in crates.iter().filter(|it| it.unit.is_replayable()) {
            if !self.has_same_variables(&it.unit)? {
                return Ok(None);
            }
        }
        let folder_of = |package: &PackageId| self.folder_of(package);
        let Some(inputs) = inputs::of_scripts(scripts, folder_of, began)? else { return Ok(None) };
        let states = inputs::states(&crates, &inputs, self.other_files(), began)?;
        let Some((sources, fixed)) = states else { return Ok(None) };
        inputs::mark_stale(&mut crates, scripts, began);
        let package = &self.program.package.name;
        let kind = if self.program.is_example { "example" } else { "bin" };
        let folder = self.setup.output(package, &format!("{kind}-{}", self.program.name));
        let (outputs, locked) = self.outputs(&crates, &folder)?;
        let other_messages = self.take_messages(&mut crates);
        let Said { text, finished, .. } = std::mem::take(&mut self.artifact.said);
        Ok(Some(Known {
            crates,
            artifact: self.artifact,
            is_example: self.program.is_example,
            other_messages,
            text,
            finished,
            folder,
            sources,
            fixed,
            trees: inputs.trees,
            whole_packages: inputs.whole_packages,
            outputs,
            locked,
            env: self.env,
            wrapper: self.setup.wrapper,
        }))
    }

    /// The hash of the program.
    fn program(&self, units: &[Unit]) -> io::Result<Option<String>> {
        let folder = folder_of(&self.program.package);
        let built = file_state(&self.artifact.executable)?;
        let mut compiled_now = Vec::new();
        for unit in units {
            let named = unit.record.env.get("CARGO_BIN_NAME");
            if unit.kind != Kind::Program
                || named != Some(&self.program.name)
                || unit.manifest_folder() != Some(&folder)
                || unit.out_dir.ends_with("examples") != self.program.is_example
            {
                continue;
            }
            let mut file = unit.out_dir.join(format!("{}-{}", unit.name, unit.hash));
            if let Some(extension) = self.artifact.executable.extension() {
                file.as_mut_os_string().push(".");
                file.as_mut_os_string().push(extension);
            }
            let state = file_state(&file)?;
            // Mostly they are one file with two names.
            if state.is_some() && state == built {
                return Ok(Some(unit.hash.clone()));
            }
            if state.is_some() && is_modified_since(&file, self.began) {
                compiled_now.push(unit.hash.clone());
            }
        }
        Ok(compiled_now.pop().filter(|_| compiled_now.is_empty()))
    }

    /// Whether there is a record of each build script and macro that cargo has built: what they need
    /// is not replayed.
    fn has_all_records(&self, units: &[Unit]) -> bool {
        let is_run_by_cargo = |target: &Target| target.is_custom_build() || target.is_proc_macro();
        let mut targets = self.artifact.said.targets.iter();
        targets.all(|(package, target)| {
            !is_run_by_cargo(target)
                || self.folder_of(package).is_some_and(|folder| {
                    units.iter().any(|unit| {
                        let is_kind = match unit.kind {
                            Kind::BuildScript => target.is_custom_build(),
                            Kind::ProcMacro => target.is_proc_macro(),
                            _ => false,
                        };
                        is_kind && unit.manifest_folder() == Some(&folder)
                    })
                })
        })
    }

    fn folder_of(&self, package: &PackageId) -> Option<PathBuf> {
        self.packages.iter().find(|it| it.id == *package).map(folder_of)
    }

    /// Gives each crate the compiler's messages about it. Returns those about others.
    fn take_messages(&mut self, crates: &mut [Crate]) -> Vec<Diagnostic> {
        let mut others = Vec::new();
        for (package, target, message) in std::mem::take(&mut self.artifact.said.diagnostics) {
            let folder = self.folder_of(&package);
            let name = target.name.replace('-', "_");
            let is_library = !target.is_bin() && !target.is_example();
            // For a library that both a build script and the program need, the program's.
            let of = crates.iter_mut().rev().find(|it| {
                it.unit.manifest_folder() == folder.as_deref()
                    && it.unit.name == name
                    && it.unit.kind == if is_library { Kind::Library } else { Kind::Program }
            });
            match of {
                Some(of) => of.messages.push(message),
                None => others.push(message),
            }
        }
        others
    }

    /// Whether a replay would give the compiler the variables that the crate was compiled with.
    fn has_same_variables(&self, unit: &Unit) -> io::Result<bool> {
        let script = script_of(unit, &self.artifact.scripts);
        let variable = |name: &str| -> Option<OsString> {
            let of_script =
                || script?.env.iter().find(|(it, _)| it == name).map(|(_, it)| it.into());
            let of_record = unit.record.env.get(name).map(OsString::from);
            let more = of_record.or_else(of_script).or_else(|| self.env.get(name).cloned());
            more.or_else(|| env_var_raw(name))
        };
        let mut all = DepInfo::read(unit, &unit.out_dir)?.variables.into_iter();
        Ok(all.all(|(name, value)| variable(&name) == value.map(OsString::from)))
    }

    /// Files for which cargo is asked, if they are no sources: what build scripts and other packages
    /// need, manifests and configuration, and files that cargo finds by their names.
    fn other_files(&self) -> impl Iterator<Item = PathBuf> {
        let inputs = Inputs::of(&self.artifact, &self.packages).files.into_iter();
        let by_name = self.packages.iter().flat_map(|package| {
            let folder = folder_of(package);
            ["build.rs", "src/lib.rs", "src/main.rs"].map(|name| folder.join(name))
        });
        inputs.chain(self.settings.iter().cloned()).chain(by_name)
    }

    /// The folders with output, and those that cargo locks. Our own folder is made anew: what
    /// earlier replays have made is older than cargo's build.
    ///
    /// # Errors
    ///
    /// When cargo does not lock a folder, or one cannot be made.
    fn outputs(&self, crates: &[Crate], own: &Path) -> io::Result<(Files, Vec<PathBuf>)> {
        gone(std::fs::remove_dir_all(own))?;
        std::fs::create_dir_all(own)?;
        let mut outputs = Files::default();
        outputs.note(own.to_owned())?;
        let mut locked = BTreeSet::new();
        let executable = self.artifact.executable.as_path();
        let folders = crates.iter().map(|it| it.unit.out_dir.as_path());
        let folders: BTreeSet<_> = folders.chain(executable.parent()).collect();
        for folder in folders {
            if Some(folder) != executable.parent() {
                outputs.note(folder.to_owned())?;
            }
            // At most `build/NAME/HASH/out` is between.
            let mut around = folder.ancestors().take(5);
            let Some(with_lock) = around.find(|folder| is_locked_by_cargo(folder)) else {
                return Err(io::ErrorKind::Unsupported.into());
            };
            locked.insert(with_lock.to_owned());
        }
        Ok((outputs, locked.into_iter().collect()))
    }
}
