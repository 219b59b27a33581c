//! The same sources, built by plain cargo.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::devserver::project::{DEVSERVER_PROFILE, Project};
use crate::folder::Folder;

/// A copy of a project, which plain cargo builds. Only files with another content are copied, and get the
/// time of now. So cargo takes nothing for up to date that is not, whatever the times in the project are.
#[derive(Debug)]
pub struct Reference {
    folder: Folder,
}

impl Reference {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Reference { folder: Folder::new() }
    }

    /// Copies the sources as they are now.
    ///
    /// # Panics
    ///
    /// When a file cannot be copied.
    pub fn copy(&self, project: &Project) {
        let copy = self.folder.path("copy");
        let (mut names, mut old) = (BTreeSet::new(), BTreeSet::new());
        files_below(project.root(), Path::new(""), &mut names);
        files_below(&copy, Path::new(""), &mut old);
        for name in old.difference(&names) {
            std::fs::remove_file(copy.join(name)).unwrap();
        }
        for name in names {
            let (from, to) = (std::fs::read(project.path(&name)).unwrap(), copy.join(&name));
            if std::fs::read(&to).ok().as_ref() != Some(&from) {
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::write(to, from).unwrap();
            }
        }
    }

    /// Builds the copy, and returns what the program `app` tells.
    ///
    /// # Errors
    ///
    /// With the errors of the compiler, when it does not compile.
    ///
    /// # Panics
    ///
    /// When cargo cannot be started, or the program fails.
    pub fn tell(&self) -> Result<String, String> {
        let copy = self.folder.path("copy");
        build(&copy, &["--config", "profile.dev.debug=0"])?;
        Ok(told(&copy.join("target/debug/app")))
    }

    /// Builds with the profile and in the target folder of `cargo devserver`, and returns what the program
    /// there tells.
    ///
    /// # Errors
    ///
    /// When the sources do not compile.
    ///
    /// # Panics
    ///
    /// When cargo cannot be started.
    pub fn tell_in_place(project: &Project) -> Result<String, String> {
        build(project.root(), &DEVSERVER_PROFILE)?;
        Ok(told(&project.path("target/devserver/app")))
    }
}

impl Default for Reference {
    fn default() -> Self {
        Reference::new()
    }
}

fn build(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let cargo = listenfd_core::internal::env_var("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(folder).args(["build", "--quiet", "--offline", "--package", "app"]);
    let Output { status, stderr, .. } = command.args(arguments).output().unwrap();
    if status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&stderr).into_owned()) }
}

fn told(program: &Path) -> String {
    let output = Command::new(program).arg("--tell").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The files of a project, without what builds write.
fn files_below(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = folder.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if name == Path::new("target") => {}
            true => files_below(root, &name, found),
            false if name == Path::new("Cargo.lock") => {}
            false => drop(found.insert(name)),
        }
    }
}
