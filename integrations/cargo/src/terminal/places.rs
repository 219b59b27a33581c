//! Places in source files, as people are shown them.

use std::path::{Path, PathBuf};

use crate::page::state::Place;
use crate::project::paths::normalized;

/// The folders that paths in messages are relative to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The folder of the workspace: rustc runs there, so its messages and the places of panics are
    /// relative to it.
    pub(crate) root: PathBuf,
    /// The folder of the session: programs run there, so backtraces are relative to it.
    pub(crate) folder: PathBuf,
}

impl Places {
    /// The place with its absolute path.
    pub(crate) fn place(&self, file: &str, line: u32, column: u32) -> Place {
        let candidates = [self.root.join(file), self.folder.join(file)].map(|it| normalized(&it));
        let is_backtrace = file.starts_with("./") || file.starts_with(".\\");
        let mut candidates: Vec<_> = candidates.into_iter().collect();
        if is_backtrace {
            candidates.reverse();
        }
        let found = candidates.iter().position(|path| path.is_file()).unwrap_or_default();
        let path = candidates.swap_remove(found);
        Place { file: self.short(&path), path, line, column }
    }

    /// The place that a text such as `src/main.rs:3:5` or `src/main.rs:3` names.
    pub(crate) fn parse(&self, text: &str) -> Option<Place> {
        let text = text.trim().trim_end_matches(':');
        let (rest, last) = text.rsplit_once(':')?;
        let last = last.parse().ok()?;
        let with_column = rest.rsplit_once(':').and_then(|(file, line)| {
            let line = line.parse().ok()?;
            Some(self.place(file, line, last))
        });
        Some(with_column.unwrap_or_else(|| self.place(rest, last, 1)))
    }

    fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }
}

/// Whether a file in a message is outside the standard library and downloaded packages.
pub(crate) fn is_own(file: &str) -> bool {
    const OTHERS: [&str; 5] =
        ["/rustc/", "/rustlib/", "/registry/src/", "/git/checkouts/", "/library/std/src/"];
    // Macros of the standard library, without its sources.
    let file = file.replace('\\', "/");
    !file.starts_with('<') && !OTHERS.iter().any(|other| file.contains(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_absolute_and_shown_relative_to_the_folder_of_the_session() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().to_owned();
        let folder = root.join("app");
        for file in ["app/src/main.rs", "lib/src/lib.rs"] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), "").unwrap();
        }
        let places = Places { root: root.clone(), folder };
        let found = places.parse("app/src/main.rs:3:5:").unwrap();
        assert_eq!((Path::new(&found.file), found.line), (Path::new("src/main.rs"), 3));
        assert_eq!(found.column, 5);
        assert_eq!(found.path, root.join("app/src/main.rs"));
        assert_eq!(places.parse("./src/main.rs:3:5").unwrap(), found);
        let other = places.parse("lib/src/lib.rs:7").unwrap();
        assert_eq!((other.path, other.line), (root.join("lib/src/lib.rs"), 7));
        // A file that is not there is one of the workspace.
        assert_eq!(places.parse("gone.rs:1:1").unwrap().path, root.join("gone.rs"));
        assert_eq!(places.parse("no place"), None);
    }

    #[test]
    fn a_place_of_windows_has_a_colon_of_its_own() {
        let places = Places { root: "C:\\app".into(), folder: "C:\\app".into() };
        for text in [r"C:\lib\main.rs:3:5", r"C:\lib\main.rs:3:5:"] {
            let place = places.parse(text).unwrap();
            assert!(place.path.ends_with(r"C:\lib\main.rs"), "{place:?}");
            assert_eq!((place.line, place.column), (3, 5));
        }
        let place = places.parse(r"C:\lib\main.rs:3").unwrap();
        assert_eq!((place.line, place.column), (3, 1));
        assert!(place.path.ends_with(r"C:\lib\main.rs"), "{place:?}");
    }

    #[test]
    fn files_of_the_standard_library_and_of_downloaded_packages_are_not_own() {
        assert!(is_own("src/main.rs") && is_own("/home/dev/app/src/main.rs"));
        for file in [
            "<::alloc::macros::vec macros>",
            "/rustc/5/library/core/src/panicking.rs",
            r"/rustc/5/library\std\src\panicking.rs",
            r"C:\Users\me\.cargo\registry\src\index.crates.io-1\axum-0.8.0\src\lib.rs",
        ] {
            assert!(!is_own(file), "{file}");
        }
    }
}
