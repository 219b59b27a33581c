//! From the records to the crates that a program is made of, in order.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::build::replay::conditions::{Crate, Need};
use crate::build::replay::dep_info::DepInfo;
use crate::build::replay::record::Record;
use crate::build::replay::unit::{Kind, Unit};
use crate::project::paths::is_modified_since;

/// The record of a crate without output is removed when it is so old.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// The crates with a record whose output is there. Old records of others are removed.
pub(super) fn units(records: &Path, began: SystemTime) -> Vec<Unit> {
    let found = Record::read_all(records).filter_map(|(file, record)| {
        let unit = Unit::of(record).filter(|unit| unit.dep_info(&unit.out_dir).exists());
        // A crate that cargo compiles now has no output yet.
        if unit.is_none() && !is_modified_since(&file, began - OLD) {
            let _ = std::fs::remove_file(file);
        }
        unit
    });
    found.collect()
}

/// The build scripts, the program, and all that they need, each after what it needs.
pub(super) fn in_order(
    units: Vec<Unit>,
    program: &str,
    packages: &[PathBuf],
) -> io::Result<Vec<Crate>> {
    let is_script = |unit: &&Unit| {
        let folder = unit.manifest_folder();
        unit.kind == Kind::BuildScript && packages.iter().any(|it| Some(it.as_path()) == folder)
    };
    let scripts = units.iter().filter(is_script).map(|unit| unit.hash.clone());
    let roots: Vec<_> = scripts.chain([program.to_owned()]).collect();
    let mut left: HashMap<_, _> = units.into_iter().map(|unit| (unit.hash.clone(), unit)).collect();
    let (mut crates, mut done) = (Vec::new(), HashMap::new());
    for root in roots {
        add(&root, &mut left, &mut crates, &mut done)?;
    }
    Ok(crates)
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
    let DepInfo { files, .. } = DepInfo::read(&unit, &unit.out_dir)?;
    let messages = Vec::new();
    crates.push(Crate { unit, files, needs, messages, is_stale: false, is_replayed: false });
    Ok(Some(crates.len() - 1))
}
