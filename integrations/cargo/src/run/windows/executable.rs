//! The file that runs: a copy, for a program that runs cannot be replaced, and the next build has to
//! write its file.
//!
//! The copy has the same path for each build, since the firewall asks once for each path. It is in a
//! folder of its own below the folder of the file, with its symbols (`.pdb`): a program that has
//! shown a backtrace holds that file open, too.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// The folder of the copies.
const FOLDER: &str = ".devserver";
/// How long the last program may take to let go of its file, or a scanner of the new one.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pauses between two attempts, the shortest and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(160)];

/// The file that runs.
#[derive(Debug)]
pub(crate) struct Executable {
    built: PathBuf,
    copy: PathBuf,
}

impl Executable {
    /// The file for a program that a build has made here.
    pub(crate) fn of(built: &Path) -> Self {
        let folder = built.parent().unwrap_or(Path::new("")).join(FOLDER);
        let copy = folder.join(built.file_name().unwrap_or_default());
        Executable { built: built.to_owned(), copy }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.copy
    }

    /// Makes the copy. No program may run from it any more. Returns early when `is_cancelled` is
    /// set.
    ///
    /// # Errors
    ///
    /// When a file cannot be copied.
    pub(crate) fn place(&self, is_cancelled: &AtomicBool) -> anyhow::Result<()> {
        let folder = self.copy.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        copy(&self.built, &self.copy, is_cancelled)?;
        let symbols = symbols(&self.built);
        if symbols.exists() {
            copy(&symbols, &folder.join(symbols.file_name().unwrap_or_default()), is_cancelled)?;
        }
        Ok(())
    }
}

/// The file that the linker of MSVC writes beside a program: with the name of the crate.
fn symbols(built: &Path) -> PathBuf {
    let name = built.file_stem().unwrap_or_default().to_string_lossy().replace('-', "_");
    built.with_file_name(format!("{name}.pdb"))
}

/// Copies a file, unless it was copied before. Tries again for a while where another process has
/// one of the files open.
fn copy(from: &Path, to: &Path, is_cancelled: &AtomicBool) -> anyhow::Result<()> {
    let (began, [mut pause, longest]) = (Instant::now(), PAUSES);
    while !is_cancelled.load(Ordering::Relaxed) {
        if is_copy(from, to) {
            return Ok(());
        }
        let Err(err) = fs::copy(from, to) else { return Ok(()) };
        if !is_in_use(&err) || began.elapsed() >= TIMEOUT {
            let (from, to) = (from.display(), to.display());
            let cure = match is_in_use(&err) {
                true => {
                    "; another process has it open: end that process, or let the virus scanner leave \
                     the target folder out. Two cargo devservers of one program need two target \
                     folders (--target-dir)"
                }
                false => "",
            };
            bail!("cannot copy {from} to {to}, where it runs: {err}{cure}");
        }
        std::thread::sleep(pause);
        pause = longest.min(pause * 2);
    }
    Ok(())
}

/// Whether the file was copied before: a copy has the size and the time of its original.
fn is_copy(from: &Path, to: &Path) -> bool {
    let stamp = |metadata: Metadata| Some((metadata.len(), metadata.modified().ok()?));
    let of = |path| fs::metadata(path).ok().and_then(stamp);
    of(from).is_some_and(|stamp| of(to) == Some(stamp))
}

/// Whether another process has the file open, or runs it.
fn is_in_use(err: &io::Error) -> bool {
    /// `ERROR_ACCESS_DENIED`, `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION` and
    /// `ERROR_USER_MAPPED_FILE`.
    const CODES: [i32; 4] = [5, 32, 33, 1224];
    err.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_build_runs_from_the_same_path_with_its_symbols() {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("my-app.exe");
        let executable = Executable::of(&built);
        let go_on = AtomicBool::new(false);
        for content in ["one", "another"] {
            fs::write(&built, content).unwrap();
            fs::write(folder.path().join("my_app.pdb"), content).unwrap();
            executable.place(&go_on).unwrap();
            assert_eq!(executable.path(), folder.path().join(".devserver").join("my-app.exe"));
            assert_eq!(fs::read_to_string(executable.path()).unwrap(), content);
            let symbols = executable.path().with_file_name("my_app.pdb");
            assert_eq!(fs::read_to_string(symbols).unwrap(), content);
            assert!(is_copy(&built, executable.path()));
        }
    }

    #[test]
    fn a_file_that_cannot_be_copied_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let executable = Executable::of(&folder.path().join("absent.exe"));
        let err = executable.place(&AtomicBool::new(false)).unwrap_err().to_string();
        assert!(err.contains("absent.exe") && err.contains(".devserver"), "{err}");
    }

    #[test]
    fn a_file_in_use_is_waited_for() {
        use std::os::windows::fs::OpenOptionsExt;
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("app.exe");
        fs::write(&built, "new").unwrap();
        let executable = Executable::of(&built);
        fs::create_dir(folder.path().join(".devserver")).unwrap();
        fs::write(executable.path(), "old one").unwrap();
        let held = fs::File::options().read(true).share_mode(0).open(executable.path()).unwrap();
        let holder = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(held);
        });
        executable.place(&AtomicBool::new(false)).unwrap();
        holder.join().unwrap();
        assert_eq!(fs::read_to_string(executable.path()).unwrap(), "new");
    }
}
