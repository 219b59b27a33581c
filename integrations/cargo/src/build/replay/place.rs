//! Puts the program, and the list of the files that it was made from, where cargo would.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::build::inputs::{dep_info_of, parse_dep_info};
use crate::project::file_system::gone;

/// Whether a program can be a second name of the same file. On macOS, a program whose file has just
/// been written may be killed then; cargo copies it, too.
#[cfg(target_os = "macos")]
const CAN_LINK: bool = false;
/// Whether a program can be a second name of the same file.
#[cfg(not(target_os = "macos"))]
const CAN_LINK: bool = true;

/// Puts the program in its place. There is a whole program there at any time.
///
/// # Errors
///
/// When it can be neither linked nor copied, or an earlier one cannot be replaced.
pub(super) fn put_program(made: &Path, executable: &Path) -> io::Result<()> {
    let name = executable.file_name().unwrap_or_default().to_string_lossy();
    let temporary = executable.with_file_name(format!(".{name}.replay"));
    gone(std::fs::remove_file(&temporary))?;
    if !CAN_LINK || std::fs::hard_link(made, &temporary).is_err() {
        std::fs::copy(made, &temporary)?;
    }
    std::fs::rename(&temporary, executable).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// Brings the list up to date: without the files that a crate was made from before, with those that
/// all crates are made from now.
///
/// # Errors
///
/// When it cannot be read or written.
pub(super) fn update_list<'a>(
    executable: &Path,
    before: &BTreeSet<PathBuf>,
    now: impl Iterator<Item = &'a PathBuf>,
) -> io::Result<()> {
    let list = dep_info_of(executable);
    let text = std::fs::read_to_string(&list)?;
    let mut files: BTreeSet<_> = parse_dep_info(&text).into_iter().collect();
    files.retain(|file| !before.contains(file));
    files.extend(now.cloned());
    let escaped = |path: &Path| path.to_string_lossy().replace(' ', "\\ ");
    let folder = list.parent().unwrap_or(Path::new(""));
    let mut temporary = NamedTempFile::new_in(folder)?;
    write!(temporary, "{}:", escaped(executable))?;
    for file in &files {
        write!(temporary, " {}", escaped(file))?;
    }
    writeln!(temporary)?;
    temporary.persist(&list)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let (made, place) = (folder.path().join("made"), folder.path().join("app"));
        for text in ["one", "two"] {
            std::fs::remove_file(&made).unwrap_or_default();
            std::fs::write(&made, text).unwrap();
            put_program(&made, &place).unwrap();
            assert_eq!(std::fs::read_to_string(&place).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_list_of_files_follows() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("app");
        std::fs::write(dep_info_of(&place), "/t/app: /ws/build.rs /ws/a\\ b.rs /ws/old.rs\n")
            .unwrap();
        let set = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        let before = set(&["/ws/a b.rs", "/ws/old.rs"]);
        update_list(&place, &before, set(&["/ws/a b.rs", "/ws/new one.rs"]).iter()).unwrap();
        let text = std::fs::read_to_string(dep_info_of(&place)).unwrap();
        let expected = ["/ws/a b.rs", "/ws/build.rs", "/ws/new one.rs"].map(PathBuf::from);
        assert_eq!(parse_dep_info(&text), expected);
    }
}
