//! From a build by cargo to what the next replay needs to know. This is done after the build, so that
//! nobody waits for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cargo_metadata::diagnostic::Diagnostic;
use cargo_metadata::{Package, PackageId, Target};
use listenfd_core::internal::env_var_raw;

use crate::build::artifact::{Artifact, Said, Script};
use crate::build::inputs::{Inputs, parse_dep_info, parse_script};
use crate::build::replay::conditions::{Crate, Known, Need};
use crate::build::replay::files::{Files, Tree};
use crate::build::replay::record::Record;
use crate::build::replay::setup::Setup;
use crate::build::replay::unit::{Kind, Unit};
use crate::project::file_system::file_state;
use crate::project::packages::{Program, folder_of};
use crate::project::paths::{is_modified_since, normalized};

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

/// The record of a crate without output is removed when it is so old.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// What build scripts depend on.
#[derive(Debug, Default)]
struct ScriptInputs {
    files: Vec<PathBuf>,
    trees: Vec<Tree>,
    whole_packages: Vec<PathBuf>,
}

impl GoodBuild {
    /// What a replay needs to know; `None` if there can be none.
    ///
    /// # Errors
    ///
    /// When a file cannot be seen or a folder cannot be made.
    pub(crate) fn known(mut self) -> io::Result<Option<Known>> {
        let units = self.units();
        let Some(program) = self.program(&units)? else { return Ok(None) };
        if self.artifact.said.is_cut || !self.has_all_records(&units) {
            return Ok(None);
        }
        let mut crates = self.crates(units, &program)?;
        let Some(inputs) = self.script_inputs()? else { return Ok(None) };
        let Some((sources, fixed)) = self.files(&crates, &inputs)? else { return Ok(None) };
        self.mark_stale(&mut crates);
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

    /// The crates with a record whose output is there. Old records of others are removed.
    fn units(&self) -> Vec<Unit> {
        let records = self.setup.records();
        let found = Record::read_all(&records).filter_map(|(file, record)| {
            let unit = Unit::of(record).filter(|unit| unit.dep_info(&unit.out_dir).exists());
            // A crate that cargo compiles now has no output yet.
            if unit.is_none() && !is_modified_since(&file, self.began - OLD) {
                let _ = std::fs::remove_file(file);
            }
            unit
        });
        found.collect()
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

    /// The build scripts, the program, and all that they need, each after what it needs.
    fn crates(&self, units: Vec<Unit>, program: &str) -> io::Result<Vec<Crate>> {
        let folders: Vec<_> = self.packages.iter().map(folder_of).collect();
        let is_script = |unit: &&Unit| {
            let folder = unit.manifest_folder();
            unit.kind == Kind::BuildScript && folders.iter().any(|it| Some(it.as_path()) == folder)
        };
        let scripts = units.iter().filter(is_script).map(|unit| unit.hash.clone());
        let roots: Vec<_> = scripts.chain([program.to_owned()]).collect();
        let mut left: HashMap<_, _> =
            units.into_iter().map(|unit| (unit.hash.clone(), unit)).collect();
        let (mut crates, mut done) = (Vec::new(), HashMap::new());
        for root in roots {
            add(&root, &mut left, &mut crates, &mut done)?;
        }
        Ok(crates)
    }

    /// What build scripts depend on; `None` if cargo runs one of them at each build.
    fn script_inputs(&self) -> io::Result<Option<ScriptInputs>> {
        let mut inputs = ScriptInputs::default();
        for script in &self.artifact.scripts {
            let folder = self.folder_of(&script.package);
            let output = std::fs::read_to_string(script.out_dir.with_file_name("output"))?;
            let Some(paths) = parse_script(&output) else {
                inputs.whole_packages.extend(folder);
                continue;
            };
            for path in paths.into_iter().map(Path::new) {
                // Packages of the registry do not change.
                let path = match &folder {
                    Some(folder) => folder.join(path),
                    None if path.is_absolute() => path.to_owned(),
                    None => continue,
                };
                if path.is_dir() {
                    inputs.trees.push(Tree::of(path)?);
                } else if path.exists() {
                    inputs.files.push(normalized(&path));
                } else {
                    return Ok(None);
                }
            }
        }
        let mut trees = inputs.trees.iter().flat_map(Tree::paths);
        let is_new = trees.any(|path| is_modified_since(path, self.began));
        drop(trees);
        Ok((!is_new).then_some(inputs))
    }

    /// The state of the sources, and of the files for which cargo is asked. `None` if one of the
    /// latter has changed since the build began.
    fn files(
        &self,
        crates: &[Crate],
        scripts: &ScriptInputs,
    ) -> io::Result<Option<(Files, Files)>> {
        let (mut sources, mut fixed) = (Files::default(), Files::default());
        for path in crates.iter().flat_map(|it| &it.files) {
            sources.note(path.clone())?;
        }
        let inputs = Inputs::of(&self.artifact, &self.packages).files;
        let compilers = crates.iter().map(|it| it.unit.record.rustc.as_str());
        let Some(compilers) = compilers.map(on_path).collect::<Option<BTreeSet<_>>>() else {
            return Ok(None);
        };
        let others = inputs.into_iter().chain(self.settings.iter().cloned()).chain(self.by_name());
        let others = others.chain(compilers).filter(|path| !sources.contains(path));
        let others: Vec<_> = others.chain(scripts.files.iter().cloned()).collect();
        for path in others {
            // First its state: what changes after that is noticed later.
            fixed.note(path.clone())?;
            if path.is_relative() || is_modified_since(&path, self.began) {
                return Ok(None);
            }
        }
        Ok(Some((sources, fixed)))
    }

    /// Marks the crates with a file that was perhaps changed after the compiler had read it. Their
    /// states have been noted before. What build scripts have written is part of the build.
    fn mark_stale(&self, crates: &mut [Crate]) {
        let is_made = |path: &Path| {
            self.artifact.scripts.iter().any(|script| path.starts_with(&script.out_dir))
        };
        for it in crates {
            let mut files = it.files.iter().filter(|path| !is_made(path));
            it.is_stale = files.any(|path| is_modified_since(path, self.began));
        }
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

    /// Files that cargo finds by their names.
    fn by_name(&self) -> impl Iterator<Item = PathBuf> {
        let names = ["build.rs", "src/lib.rs", "src/main.rs"];
        let folders = self.packages.iter().map(folder_of);
        folders.flat_map(move |folder| names.map(|name| folder.join(name)))
    }

    /// The folders with output, and those that cargo locks. Our own folder is made anew: what
    /// earlier replays have made is older than cargo's build.
    ///
    /// # Errors
    ///
    /// When cargo does not lock a folder, or one cannot be made.
    fn outputs(&self, crates: &[Crate], own: &Path) -> io::Result<(Files, Vec<PathBuf>)> {
        match std::fs::remove_dir_all(own) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => std::fs::create_dir_all(own)?,
        }
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
            let Some(with_lock) = around.find(|folder| has_lock(folder)) else {
                return Err(io::ErrorKind::Unsupported.into());
            };
            locked.insert(with_lock.to_owned());
        }
        Ok((outputs, locked.into_iter().collect()))
    }
}

fn has_lock(folder: &Path) -> bool {
    [".cargo-lock", ".cargo-build-lock"].iter().any(|name| folder.join(name).exists())
}

/// Adds a crate after those that it needs. Returns its number; `None` if it is not of the workspace.
fn add(
    hash: &str,
    left: &mut HashMap<String, Unit>,
    crates: &mut Vec<Crate>,
    done: &mut HashMap<String, usize>,
) -> io::Result<Option<usize>> {
    if let Some(index) = done.get(hash) {
        return Ok(Some(*index));
    }
    let Some(unit) = left.remove(hash) else { return Ok(None) };
    let mut needs = Vec::new();
    for (needed, is_whole) in &unit.needs {
        if let Some(index) = add(needed, left, crates, done)? {
            needs.push(Need { index, is_whole: *is_whole });
        }
    }
    done.insert(hash.to_owned(), crates.len());
    let files = sources(&unit, &unit.out_dir)?;
    let messages = Vec::new();
    crates.push(Crate { unit, files, needs, messages, is_stale: false, is_replayed: false });
    Ok(Some(crates.len() - 1))
}

/// The files that a crate was made from, by what rustc has written into the folder of its output.
///
/// # Errors
///
/// When that cannot be read.
pub(crate) fn sources(unit: &Unit, folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let dep_info = std::fs::read_to_string(unit.dep_info(folder))?;
    let files = parse_dep_info(&dep_info).into_iter();
    Ok(files.map(|file| normalized(&unit.record.folder.join(file))).collect())
}

/// Where a program is that is started by this name.
fn on_path(name: &str) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Some(name.into());
    }
    let path = env_var_raw("PATH")?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// The build script whose output a crate was compiled with.
pub(crate) fn script_of<'a>(unit: &Unit, scripts: &'a [Script]) -> Option<&'a Script> {
    let out_dir = unit.record.env.get("OUT_DIR").map(Path::new)?;
    scripts.iter().find(|script| script.out_dir == out_dir)
}
