//! Whether the program that a service manager starts next takes connections over, as far as its file tells.
//!
//! A service manager passes stored descriptors to any program that it starts, and keeps a copy. A program
//! that does not know them leaves those clients waiting for ever, for example after a deploy that goes back
//! to an older build. So the program's file is searched for a mark first.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use listenfd_core::internal::escaped;
use memchr::memmem;

/// Whether the file that this process was started from, or the one that has replaced it since, has the
/// mark. If that cannot be found out, it counts as one without.
pub(super) async fn takes_over(mark: &'static [u8]) -> bool {
    let looked = tokio::task::spawn_blocking(move || is_marked(&program()?, mark)).await;
    match looked.unwrap_or_else(|panicked| Err(io::Error::other(panicked))) {
        Ok(true) => true,
        Ok(false) => {
            tracing::info!(
                "connections are drained, and not handed over: the program that starts next does \
                 not take them over"
            );
            false
        }
        Err(err) => {
            tracing::warn!(
                "connections are drained, and not handed over: the program that starts next cannot \
                 be found: {err}"
            );
            false
        }
    }
}

/// The path of the program that starts next. It is the path by which this process was started, so that
/// links on it lead to the current file.
fn program() -> io::Result<PathBuf> {
    let name = std::env::args_os().next().map(PathBuf::from);
    match name.filter(|name| name.is_absolute()) {
        Some(path) => Ok(path),
        None => {
            let own = std::env::current_exe()?.into_os_string().into_vec();
            // The system says so of a file that was replaced (`proc_pid_exe(5)`).
            let path = own.strip_suffix(b" (deleted)").unwrap_or(&own);
            Ok(OsString::from_vec(path.to_vec()).into())
        }
    }
}

fn is_marked(path: &Path, mark: &[u8]) -> io::Result<bool> {
    // To open anything else, such as a pipe, could take for ever, and hold up the end of the process.
    if !std::fs::metadata(path).map_err(|err| named(path, &err))?.is_file() {
        return Err(named(path, &io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
    }
    let file = File::open(path).map_err(|err| named(path, &err))?;
    let found = file.metadata()?;
    // Where there is no /proc, the file is searched even if it is the same.
    if let Ok(own) = std::fs::metadata("/proc/self/exe") {
        if (own.dev(), own.ino()) == (found.dev(), found.ino()) {
            return Ok(true);
        }
    }
    contains(file, mark).map_err(|err| named(path, &err))
}

fn named(path: &Path, err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{}: {err}", escaped(path.display())))
}

fn contains(mut file: impl Read, wanted: &[u8]) -> io::Result<bool> {
    const STEP: usize = 256 * 1024;
    let finder = memmem::Finder::new(wanted);
    let mut bytes = Vec::with_capacity(STEP + wanted.len());
    loop {
        let read = file.by_ref().take(STEP as u64).read_to_end(&mut bytes)?;
        if finder.find(&bytes).is_some() {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // The mark may have begun at the end.
        bytes.drain(..bytes.len().saturating_sub(wanted.len() - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &[u8] = b"listenfd: takes over connections, form 2";

    #[test]
    fn a_mark_is_found_wherever_it_stands() {
        for before in [0, 1, 256 * 1024 - 20, 256 * 1024 - 1, 256 * 1024, 600_000] {
            let mut file = vec![b'l'; before];
            assert!(!contains(&file[..], MARK).unwrap());
            file.extend_from_slice(MARK);
            assert!(contains(&file[..], MARK).unwrap(), "after {before} bytes");
            file.pop();
            assert!(!contains(&file[..], MARK).unwrap());
        }
    }

    #[test]
    fn a_mark_of_another_version_is_none_of_ours() {
        let earlier = b"listenfd: takes over connections, form 1";
        assert!(!contains(&earlier[..], MARK).unwrap());
    }

    #[test]
    fn this_very_program_takes_over() {
        assert!(is_marked(&program().unwrap(), MARK).unwrap());
        assert!(is_marked(Path::new("/no/such/program"), MARK).is_err());
    }
}
