//! Commands that are scripts, such as `npm.cmd`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use listenfd_core::internal::env_var;

/// The script that a shell would run for this command.
pub(crate) fn wrapper_of(program: &OsStr) -> Option<OsString> {
    let path = env_var("PATH")?;
    find(Path::new(program), std::env::split_paths(&path))
}

fn find(program: &Path, folders: impl Iterator<Item = PathBuf>) -> Option<OsString> {
    if program.extension().is_some() || program.components().count() != 1 {
        return None;
    }
    let names = ["cmd", "bat"].map(|ending| program.with_extension(ending));
    let mut folders =
        folders.flat_map(|folder| names.clone().map(|name| (folder.join(&name), name)));
    folders.find(|(path, _)| path.is_file()).map(|(_, name)| name.into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_of_that_name_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("npm.cmd"), "").unwrap();
        let find = |program: &str| find(Path::new(program), [folder.path().to_owned()].into_iter());
        assert_eq!(find("npm").unwrap(), "npm.cmd");
        for program in ["npx", "npm.exe", "bin\\npm"] {
            assert_eq!(find(program), None);
        }
    }
}
