//! Windows: two separators, drives, and names without regard to upper and lower case.

use std::borrow::Cow;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use windows_sys::Win32::Foundation::{
    ERROR_BAD_PATHNAME, ERROR_CANT_RESOLVE_FILENAME, ERROR_DIRECTORY, ERROR_FILE_NOT_FOUND,
    ERROR_FILENAME_EXCED_RANGE, ERROR_INVALID_NAME, ERROR_LOCK_VIOLATION,
    ERROR_NO_SYSTEM_RESOURCES, ERROR_NOT_ENOUGH_MEMORY, ERROR_PATH_NOT_FOUND,
    ERROR_SHARING_VIOLATION, ERROR_TOO_MANY_OPEN_FILES, WIN32_ERROR,
};
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_BACKUP_SEMANTICS;

use crate::sys::files;

/// The variable with the user's folder.
pub(crate) const HOME: &str = "USERPROFILE";

/// Whether patterns match names in upper and lower case alike.
pub(crate) const IGNORES_CASE: bool = true;

/// The metadata of a file or folder, and its file index, which differs from those of all others on
/// its volume.
///
/// # Errors
///
/// When it cannot be seen.
pub(crate) fn metadata(path: &Path) -> io::Result<(Metadata, u64)> {
    let file = opened(path)?;
    Ok((file.metadata()?, files::index(&file)?))
}

/// When a file was written, or moved into its place: seconds and nanoseconds since 1970.
///
/// # Errors
///
/// When it cannot be seen.
pub(crate) fn newest_change(file: &Path) -> io::Result<(i64, i64)> {
    let file = opened(file)?;
    let newest = file.metadata()?.modified()?.max(files::change_time(&file)?);
    Ok(match newest.duration_since(UNIX_EPOCH) {
        Ok(since) => {
            (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos().into())
        }
        // Files are newer, but their times can be set.
        Err(_) => (0, 0),
    })
}

/// All that tells whether a file is as it was: what it is, its length, and its times.
pub(crate) type FileState = (u64, u64, SystemTime, SystemTime);

/// The state of a file or folder; `None` if there is none.
///
/// # Errors
///
/// When it cannot be seen.
pub(crate) fn file_state(path: &Path) -> io::Result<Option<FileState>> {
    let state = |path: &Path| -> io::Result<FileState> {
        let file = opened(path)?;
        let it = file.metadata()?;
        Ok((files::index(&file)?, it.len(), it.modified()?, files::change_time(&file)?))
    };
    match state(path) {
        Ok(state) => Ok(Some(state)),
        Err(err) if is_gone(&err) => Ok(None),
        Err(err) => Err(err),
    }
}

/// Locks a file as cargo does (`LockFileEx`), until it is closed. Returns whether it was not locked.
///
/// # Errors
///
/// When it cannot be locked.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match files::lock(file) {
        Ok(()) => Ok(true),
        Err(err) if is_one_of(&err, &[ERROR_LOCK_VIOLATION]) => Ok(false),
        Err(err) => Err(err),
    }
}

/// Makes a command known by another path. Symbolic links need a privilege.
///
/// # Errors
///
/// When it can be neither linked nor copied.
pub(crate) fn link_command(command: &Path, link: &Path) -> io::Result<()> {
    std::fs::hard_link(command, link).or_else(|_| std::fs::copy(command, link).map(drop))
}

/// Opens a file or folder for a look at it, whatever others do with it.
fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().access_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)
}

/// Whether an error says that there is no such file.
pub(crate) fn is_gone(err: &io::Error) -> bool {
    is_one_of(
        err,
        &[
            ERROR_FILE_NOT_FOUND,
            ERROR_PATH_NOT_FOUND,
            ERROR_INVALID_NAME,
            ERROR_BAD_PATHNAME,
            ERROR_DIRECTORY,
            ERROR_FILENAME_EXCED_RANGE,
            ERROR_CANT_RESOLVE_FILENAME,
        ],
    )
}

/// Whether an error may pass and has nothing to do with the file.
pub(crate) fn is_passing(err: &io::Error) -> bool {
    is_one_of(
        err,
        &[
            ERROR_TOO_MANY_OPEN_FILES,
            ERROR_NOT_ENOUGH_MEMORY,
            ERROR_NO_SYSTEM_RESOURCES,
            ERROR_SHARING_VIOLATION,
            ERROR_LOCK_VIOLATION,
        ],
    )
}

fn is_one_of(err: &io::Error, codes: &[WIN32_ERROR]) -> bool {
    let found = err.raw_os_error().and_then(|code| WIN32_ERROR::try_from(code).ok());
    found.is_some_and(|found| codes.contains(&found))
}

/// The path as it is on the disk, if it differs from that in upper and lower case only: the compiler
/// names files as the source text does, and the system reports them as they are. The path stays as
/// it is if there is a link in it.
pub(crate) fn with_case_of_disk(path: PathBuf) -> PathBuf {
    match dunce::canonicalize(&path) {
        Ok(found) if found.as_os_str().eq_ignore_ascii_case(&path) => found,
        _ => path,
    }
}

/// The text with `/` as its only separator.
pub(crate) fn with_slashes(text: &str) -> Cow<'_, str> {
    match text.contains('\\') {
        true => Cow::Owned(text.replace('\\', "/")),
        false => Cow::Borrowed(text),
    }
}

/// The root of an absolute pattern, and the rest; `None` if it is relative to a folder. `base` has
/// the drive of a pattern without one.
pub(crate) fn absolute_pattern<'a>(pattern: &'a str, base: &Path) -> Option<(String, &'a str)> {
    let path = Path::new(pattern);
    let prefix = |path: &Path| match path.components().next() {
        Some(Component::Prefix(prefix)) => Some(prefix.as_os_str().to_string_lossy().into_owned()),
        _ => None,
    };
    match prefix(path) {
        Some(prefix) if path.has_root() => {
            let rest = pattern.get(prefix.len()..)?;
            Some((prefix, rest.trim_start_matches('/')))
        }
        // On a drive, relative to its current folder: nobody can say which one that is.
        Some(_) => None,
        None => {
            let rest = pattern.strip_prefix('/')?;
            Some((prefix(base).unwrap_or_default(), rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_have_two_indexes_and_one_has_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        std::fs::create_dir(&one).unwrap();
        std::fs::create_dir(&two).unwrap();
        let index = |path: &Path| metadata(path).unwrap().1;
        assert_eq!(index(&one), index(&one));
        assert_ne!(index(&one), index(&two));
        assert!(is_gone(&metadata(&folder.path().join("no/such")).unwrap_err()));
    }

    #[test]
    fn a_file_that_was_moved_is_as_new_as_the_move() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "").unwrap();
        let old = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let times = std::fs::FileTimes::new().set_modified(old);
        File::options().write(true).open(&file).unwrap().set_times(times).unwrap();
        assert!(newest_change(&file).unwrap().0 > 1_000_000_000);
    }

    #[test]
    fn a_path_gets_the_case_of_the_disk() {
        let folder = dunce::canonicalize(tempfile::tempdir().unwrap().keep()).unwrap();
        let file = folder.join("Page.html");
        std::fs::write(&file, "").unwrap();
        assert_eq!(with_case_of_disk(folder.join("page.HTML")), file);
        assert_eq!(with_case_of_disk(folder.join("none.HTML")), folder.join("none.HTML"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_pattern_is_absolute_with_a_drive_or_without() {
        let base = Path::new(r"D:\app");
        let root = |pattern| absolute_pattern(pattern, base);
        let is = |root: &str, rest| Some((root.to_owned(), rest));
        assert_eq!(root("C:/a/**"), is("C:", "a/**"));
        assert_eq!(root("/a/**"), is("D:", "a/**"));
        assert_eq!(root("//server/share/a"), is("//server/share", "a"));
        assert_eq!(root("a/**"), None);
    }
}
