//! Paths, and the state of the files at them.

use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::project::file_system::{is_gone, newest_change};

/// Files carry the time of the system clock's last tick, which is up to this time in the past.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The path without `.` and `..`, as far as the text of the path alone tells, and without the `\\?\` of
/// Windows where the rest means the same.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in dunce::simplified(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(result.pop()),
            other => result.push(other),
        }
    }
    result
}

/// Whether a file was written, or moved into its place, since then. A file that cannot be seen may
/// have been.
pub(crate) fn is_modified_since(file: &Path, since: SystemTime) -> bool {
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let since = (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos().into());
    newest_change(file).map_or_else(|err| !is_gone(&err), |newest| newest > since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(normalized(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }
}
