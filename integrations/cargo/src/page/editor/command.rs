//! Runs the user's editor.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;

use super::paths::PathMap;
use super::platform::{find_program, in_own_group};

/// A command that opens a place, and the folders whose files it may open.
#[derive(Debug)]
pub(crate) struct EditorCommand {
    /// The program and its arguments.
    words: Vec<String>,
    paths: PathMap,
    folders: RefCell<Vec<PathBuf>>,
    running: Rc<Cell<usize>>,
}

/// How many of them may run at once: a command may stay until the editor is closed.
const MOST: usize = 32;

/// Why nothing is opened.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// There is no such file.
    Missing,
    /// The file is in none of the folders.
    Outside,
    /// Many commands run already.
    Busy,
    Failed(io::Error),
}

impl EditorCommand {
    pub(crate) fn new(words: Vec<String>, paths: PathMap) -> Self {
        EditorCommand { words, paths, folders: RefCell::default(), running: Rc::default() }
    }

    /// Allows the files in these folders, and no others.
    pub(crate) fn set_folders(&self, folders: impl Iterator<Item = PathBuf>) {
        *self.folders.borrow_mut() =
            folders.filter_map(|it| dunce::canonicalize(it).ok()).collect();
    }

    /// The program of the command.
    pub(crate) fn program(&self) -> &str {
        self.words.first().map(String::as_str).unwrap_or_default()
    }

    /// Opens a place. The command gets each argument as it is: no shell reads it.
    ///
    /// # Errors
    ///
    /// Why it is not opened.
    pub(crate) fn open(&self, path: &Path, line: u32, column: u32) -> Result<(), NotOpened> {
        // A path on another drive, or on another machine, is not even looked at.
        // (Compared as a component, `c:` is `C:`.)
        let is_root_of = |folder: &PathBuf| folder.components().next() == path.components().next();
        if !self.folders.borrow().iter().any(is_root_of) {
            return Err(NotOpened::Outside);
        }
        let file = dunce::canonicalize(path).map_err(|_| NotOpened::Missing)?;
        if !self.folders.borrow().iter().any(|folder| file.starts_with(folder)) {
            return Err(NotOpened::Outside);
        }
        if !file.is_file() {
            return Err(NotOpened::Missing);
        }
        if self.running.get() >= MOST {
            return Err(NotOpened::Busy);
        }
        self.start(&self.paths.apply(&file), line, column).map_err(NotOpened::Failed)
    }

    fn start(&self, path: &Path, line: u32, column: u32) -> io::Result<()> {
        let words = filled(&self.words, path, line, column);
        let [program, arguments @ ..] = &words[..] else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut command = tokio::process::Command::new(find_program(program));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // So that Ctrl-C in our terminal does not end the editor.
        let mut child = in_own_group(&mut command).spawn()?;
        let running = Rc::clone(&self.running);
        running.set(running.get() + 1);
        tokio::task::spawn_local(async move {
            let _ = child.wait().await;
            running.set(running.get() - 1);
        });
        Ok(())
    }
}

/// The command for this place.
fn filled(words: &[String], path: &Path, line: u32, column: u32) -> Vec<std::ffi::OsString> {
    let fill = |word: &String| {
        let word = word.replace("{line}", &line.to_string());
        let word = word.replace("{column}", &column.to_string());
        // Last, because a path may have braces. It may also be no UTF-8.
        let mut parts = word.split("{path}");
        let mut filled = std::ffi::OsString::from(parts.next().unwrap_or_default());
        for part in parts {
            filled.push(path);
            filled.push(part);
        }
        filled
    };
    words.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_place_is_put_into_arguments_as_it_is() {
        let words = words(&["ed", "-g", "{path}:{line}:{column}", "{path}"]);
        let path = "/a b/$(touch x)/{line};'.rs";
        let filled = filled(&words, Path::new(path), 3, 7);
        assert_eq!(filled, ["ed", "-g", &format!("{path}:3:7"), path]);
    }

    #[cfg(windows)]
    #[test]
    fn files_of_other_machines_are_not_even_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let command = EditorCommand::new(words(&["x", "{path}"]), PathMap::default());
        command.set_folders([folder.path().to_owned()].into_iter());
        for path in [r"\\192.0.2.1\share\a.rs", r"\\?\UNC\192.0.2.1\share\a.rs", r"\\.\pipe\x"] {
            let refused = command.open(Path::new(path), 1, 1).unwrap_err();
            assert!(matches!(refused, NotOpened::Outside), "{path}");
        }
        let missing = command.open(&folder.path().join("b.rs"), 1, 1).unwrap_err();
        assert!(matches!(missing, NotOpened::Missing));
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "local")]
    async fn only_files_in_the_folders_are_opened() {
        let temporary = tempfile::tempdir().unwrap();
        let [project, outside] = ["project", "outside"].map(|name| temporary.path().join(name));
        for folder in [&project, &outside] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("a.rs"), "").unwrap();
        }
        std::os::unix::fs::symlink(outside.join("a.rs"), project.join("link.rs")).unwrap();
        let opened = temporary.path().join("opened");
        let to = opened.to_str().unwrap();
        let command = EditorCommand::new(words(&["cp", "{path}", to]), PathMap::default());
        command.set_folders([project.clone()].into_iter());
        let refused = |path: PathBuf| command.open(&path, 1, 1).unwrap_err();
        assert!(matches!(refused(outside.join("a.rs")), NotOpened::Outside));
        assert!(matches!(refused(project.join("../outside/a.rs")), NotOpened::Outside));
        assert!(matches!(refused(project.join("link.rs")), NotOpened::Outside));
        assert!(matches!(refused(project.join("b.rs")), NotOpened::Missing));
        assert!(matches!(refused(project.clone()), NotOpened::Missing));
        assert!(matches!(refused("/proc/self/mem".into()), NotOpened::Outside));
        command.open(&project.join("../project/a.rs"), 1, 1).unwrap();
        while command.running.get() > 0 {
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert!(opened.exists());
    }
}
