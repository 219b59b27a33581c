//! The inputs of a build: the files in cargo's dep-info, and those that build scripts ask cargo to
//! watch.

use std::collections::BTreeSet;
use std::env::consts::EXE_EXTENSION;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;

use crate::build::artifact::Artifact;
use crate::project::packages::folder_of;
use crate::project::paths::normalized;

/// The files and folders that a build depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    /// Files.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Folders with everything in them (`rerun-if-changed`).
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Packages with a build script that names no files, and so depends on all.
    pub(crate) packages: BTreeSet<PathBuf>,
}

impl Inputs {
    /// The inputs of an artifact, built from these packages.
    pub(crate) fn of(artifact: &Artifact, packages: &[Package]) -> Self {
        let mut inputs = Inputs::default();
        let dep_info = dep_info_of(&artifact.executable);
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

/// The file that cargo writes next to each program.
pub(crate) fn dep_info_of(executable: &Path) -> PathBuf {
    let mut path = match executable.extension() {
        Some(extension) if extension == EXE_EXTENSION => executable.with_extension(""),
        _ => executable.to_owned(),
    };
    path.as_mut_os_string().push(".d");
    path
}

/// Parses the prerequisites in a makefile's rule: `program: a b\ c`.
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

/// Parses the paths that a build script's output asks cargo to watch. `None` means that cargo runs
/// the script again when any file of the package changes.
pub(crate) fn parse_script(output: &str) -> Option<Vec<&str>> {
    let requests = output.lines().filter_map(|line| {
        let rest = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:"))?;
        rest.starts_with("rerun-if-").then_some(rest)
    });
    let requests: Vec<_> = requests.collect();
    if requests.is_empty() {
        return None;
    }
    Some(requests.iter().filter_map(|request| request.strip_prefix("rerun-if-changed=")).collect())
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
    fn dep_info_with_drive_letters() {
        let text = "C:\\t\\a\\ b\\app.exe: C:\\p\\src\\main.rs C:\\p\\a\\ b.txt\r\n";
        let expected = [r"C:\p\src\main.rs", r"C:\p\a b.txt"].map(PathBuf::from);
        assert_eq!(parse_dep_info(text), expected);
        let program = PathBuf::from(format!("app{}", std::env::consts::EXE_SUFFIX));
        assert_eq!(dep_info_of(&program), Path::new("app.d"));
    }

    #[test]
    fn a_build_script_names_its_inputs_or_depends_on_all_files() {
        let says = "cargo:rerun-if-changed=a.proto\ncargo::rerun-if-changed=dir\ncargo:warning=x";
        assert_eq!(parse_script(says), Some(vec!["a.proto", "dir"]));
        assert_eq!(parse_script("cargo:rerun-if-env-changed=X"), Some(vec![]));
        assert_eq!(parse_script("cargo:rustc-cfg=x\nhello"), None);
    }
}
