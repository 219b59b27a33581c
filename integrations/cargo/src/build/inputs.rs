//! What a build depended on: cargo's dep-info, and what build scripts have asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;

use crate::build::cargo::Artifact;
use crate::project::package::folder_of;

/// The files and folders that a build depended on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    /// Files.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Folders with everything in them (`rerun-if-changed`).
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Packages whose build script has not said what it needs, so it needs every file.
    pub(crate) packages: BTreeSet<PathBuf>,
}

impl Inputs {
    /// Those of an artifact, built from these packages.
    pub(crate) fn of(artifact: &Artifact, packages: &[Package]) -> Self {
        let mut inputs = Inputs::default();
        let mut dep_info = artifact.executable.clone().into_os_string();
        dep_info.push(".d");
        // cargo writes it beside each program that it makes.
        let dep_info = std::fs::read_to_string(dep_info).unwrap_or_default();
        let is_made = |path: &PathBuf| {
            artifact.scripts.iter().any(|script| path.starts_with(&script.out_dir))
        };
        for path in parse_dep_info(&dep_info).into_iter().filter(|path| !is_made(path)) {
            inputs.add(path);
        }
        for script in &artifact.scripts {
            let Some(package) = packages.iter().find(|package| package.id == script.package) else {
                continue;
            };
            let folder = folder_of(package);
            let output = script.out_dir.with_file_name("output");
            let output = std::fs::read_to_string(output).unwrap_or_default();
            match parse_script(&output) {
                Some(paths) => paths.iter().for_each(|path| inputs.add(folder.join(path))),
                None => drop(inputs.packages.insert(folder)),
            }
        }
        inputs
    }

    fn add(&mut self, path: PathBuf) {
        let path = normalized(&path);
        match path.is_dir() {
            true => self.folders.insert(path),
            false => self.files.insert(path),
        };
    }
}

/// The prerequisites in a file of `make`: `program: a b\ c`.
pub(crate) fn parse_dep_info(text: &str) -> Vec<PathBuf> {
    let Some((_, rest)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let (mut paths, mut path) = (Vec::new(), String::new());
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.next_if_eq(&' ').is_some() => path.push(' '),
            ' ' => paths.push(std::mem::take(&mut path)),
            other => path.push(other),
        }
    }
    paths.push(path);
    paths.retain(|path| !path.is_empty());
    paths.into_iter().map(PathBuf::from).collect()
}

/// The paths that a build script's output asks to watch; `None` where it does not say, and cargo runs
/// it again when any file of the package changes.
pub(crate) fn parse_script(output: &str) -> Option<Vec<&str>> {
    let says = output.lines().filter_map(|line| {
        let rest = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:"))?;
        rest.starts_with("rerun-if-").then_some(rest)
    });
    let says: Vec<_> = says.collect();
    if says.is_empty() {
        return None;
    }
    Some(says.iter().filter_map(|say| say.strip_prefix("rerun-if-changed=")).collect())
}

/// Without `.` and `..`, as far as that can be told from the path alone.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(result.pop()),
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_with_blanks() {
        let text = "/t/a\\ b/app: /p/src/main.rs /p/a\\ b.txt /p/ü.rs\n\n/p/src/main.rs:\n";
        let expected = ["/p/src/main.rs", "/p/a b.txt", "/p/ü.rs"].map(PathBuf::from);
        assert_eq!(parse_dep_info(text), expected);
        assert!(parse_dep_info("").is_empty());
    }

    #[test]
    fn a_build_script_says_what_it_needs_or_needs_everything() {
        let says = "cargo:rerun-if-changed=a.proto\ncargo::rerun-if-changed=dir\ncargo:warning=x";
        assert_eq!(parse_script(says), Some(vec!["a.proto", "dir"]));
        assert_eq!(parse_script("cargo:rerun-if-env-changed=X"), Some(vec![]));
        assert_eq!(parse_script("cargo:rustc-cfg=x\nhello"), None);
    }

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(normalized(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }
}
