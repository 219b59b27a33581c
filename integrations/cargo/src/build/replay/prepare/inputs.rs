//! The files that a replay compares: sources, and those for which cargo is asked.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::PackageId;
use listenfd_core::internal::env_var_raw;

use crate::build::artifact::Script;
use crate::build::inputs::parse_script;
use crate::build::replay::conditions::Crate;
use crate::build::replay::files::{Files, Tree};
use crate::project::paths::{is_modified_since, normalized};

/// What build scripts depend on.
#[derive(Debug, Default)]
pub(super) struct ScriptInputs {
    pub(super) files: Vec<PathBuf>,
    pub(super) trees: Vec<Tree>,
    pub(super) whole_packages: Vec<PathBuf>,
}

/// What build scripts depend on; `None` if cargo runs one of them at each build.
/// `folder_of` tells the folder of a script's package, if that is in the file system.
///
/// # Errors
///
/// When the output of a script cannot be read, or a folder cannot be seen.
pub(super) fn of_scripts(
    scripts: &[Script],
    folder_of: impl Fn(&PackageId) -> Option<PathBuf>,
    began: SystemTime,
) -> io::Result<Option<ScriptInputs>> {
    let mut inputs = ScriptInputs::default();
    for script in scripts {
        let folder = folder_of(&script.package);
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
    let is_new = trees.any(|path| is_modified_since(path, began));
    drop(trees);
    Ok((!is_new).then_some(inputs))
}

/// The state of the sources, and of the files for which cargo is asked. `None` if one of the
/// latter has changed since the build began.
///
/// # Errors
///
/// When a file cannot be seen.
pub(super) fn states(
    crates: &[Crate],
    scripts: &ScriptInputs,
    others: impl Iterator<Item = PathBuf>,
    began: SystemTime,
) -> io::Result<Option<(Files, Files)>> {
    let (mut sources, mut fixed) = (Files::default(), Files::default());
    for path in crates.iter().flat_map(|it| &it.files) {
        sources.note(path.clone())?;
    }
    let compilers = crates.iter().map(|it| it.unit.record.rustc.as_str());
    let Some(compilers) = compilers.map(on_path).collect::<Option<BTreeSet<_>>>() else {
        return Ok(None);
    };
    let others = others.chain(compilers).filter(|path| !sources.contains(path));
    let others: Vec<_> = others.chain(scripts.files.iter().cloned()).collect();
    for path in others {
        // First its state: what changes after that is noticed later.
        fixed.note(path.clone())?;
        if path.is_relative() || is_modified_since(&path, began) {
            return Ok(None);
        }
    }
    Ok(Some((sources, fixed)))
}

/// Marks the crates with a file that was perhaps changed after the compiler had read it. Their
/// states have been noted before. What build scripts have written is part of the build.
pub(super) fn mark_stale(crates: &mut [Crate], scripts: &[Script], began: SystemTime) {
    let is_made = |path: &Path| scripts.iter().any(|script| path.starts_with(&script.out_dir));
    for it in crates {
        let mut files = it.files.iter().filter(|path| !is_made(path));
        it.is_stale = files.any(|path| is_modified_since(path, began));
    }
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
