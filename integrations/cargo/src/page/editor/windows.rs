//! How the command of an editor starts on Windows.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use listenfd_core::internal::env_var;
use tokio::process::Command;
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

/// The program. The system looks on the `PATH` for `.exe` files only, but many editors are started
/// by a script, such as `code.cmd`; the standard library starts those safely.
pub(super) fn find_program(name: &OsStr) -> OsString {
    let path = env_var("PATH").unwrap_or_default();
    let endings = env_var("PATHEXT").unwrap_or_else(|| ".EXE;.CMD;.BAT".into());
    let found = name.to_str().and_then(|name| found_on(&path, &endings.to_string_lossy(), name));
    found.unwrap_or_else(|| name.into())
}

/// Lets Ctrl-C in our console pass it by.
pub(super) fn in_own_group(command: &mut Command) -> &mut Command {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP)
}

/// The first file of this name with one of the endings that can be started, as a shell finds it.
fn found_on(path: &OsStr, endings: &str, name: &str) -> Option<OsString> {
    /// Others need the program that they belong to.
    const STARTED: [&str; 4] = [".com", ".exe", ".cmd", ".bat"];
    if Path::new(name).components().count() != 1 || Path::new(name).extension().is_some() {
        return None;
    }
    let endings: Vec<_> = endings
        .split(';')
        .filter(|ending| STARTED.iter().any(|it| it.eq_ignore_ascii_case(ending)))
        .collect();
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).find_map(|folder| {
        let all = endings.iter().map(|ending| folder.join(format!("{name}{ending}")));
        all.into_iter().find(|file| file.is_file()).map(Into::into)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_as_a_shell_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        for folder in [&first, &second] {
            std::fs::create_dir(folder).unwrap();
        }
        for file in [first.join("code.js"), first.join("code.cmd"), second.join("code.exe")] {
            std::fs::write(file, "").unwrap();
        }
        let path = std::env::join_paths([Path::new("."), &first, &second]).unwrap();
        let found =
            |name| found_on(&path, ".EXE;.CMD;.JS", name).map(|found| found.to_ascii_lowercase());
        let expected = first.join("code.cmd").into_os_string().to_ascii_lowercase();
        assert_eq!(found("code"), Some(expected));
        assert_eq!(found("code.js"), None);
        assert_eq!(found(r"C:\code"), None);
        assert_eq!(found("other"), None);
    }
}
