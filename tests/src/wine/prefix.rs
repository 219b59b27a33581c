//! A Wine prefix for one test, and the processes in it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::programs::{are_built, built_for_windows};
use crate::process::kill;
use crate::wait::eventually;

/// A Windows of its own. When dropped, its processes end.
#[derive(Debug)]
pub struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// Makes one, unless there is no Wine; then as [`has`](crate::has).
    ///
    /// # Panics
    ///
    /// When the programs for Windows do not compile, or there is no Wine and everything is required.
    #[track_caller]
    #[must_use]
    pub fn start() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !are_built() {
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let all = built_for_windows("wine").canonicalize().unwrap();
        let prefix = all.join(format!("{}-{number}", std::process::id()));
        copy_prefix(&all.join("prefix"), &prefix);
        Some(Wine { prefix })
    }

    /// The folder.
    pub(super) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The programs that run, without those of Windows itself, as `server.exe`.
    ///
    /// # Panics
    ///
    /// Where there is no `/proc`.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        let lines =
            self.processes().filter_map(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).ok());
        let programs = lines.filter_map(|line| {
            let program =
                String::from_utf8_lossy(line.split(|byte| *byte == 0).next()?).into_owned();
            let is_of_windows = program.starts_with(r"C:\windows\") || !program.ends_with(".exe");
            (!is_of_windows)
                .then(|| program.rsplit(['\\', '/']).next().unwrap_or_default().to_owned())
        });
        programs.collect()
    }

    /// Waits until no program runs any more, but for those of Windows itself.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn wait_for_none(&self) {
        eventually("a program still runs under Wine", || self.running().is_empty());
    }

    /// The processes that were started in this prefix, by their environment; its server is one of them.
    fn processes(&self) -> impl Iterator<Item = u32> {
        let mine = [b"WINEPREFIX=", self.prefix.as_os_str().as_bytes()].concat();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(move |pid: &u32| {
            // Zombies have no environment.
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mine)
        })
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // A process may start another one meanwhile. A panic here would hide the failure of the test.
        for _ in 0..100 {
            let mut is_done = true;
            for pid in self.processes() {
                kill(pid);
                is_done = false;
            }
            if is_done {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = std::fs::remove_dir_all(&self.prefix);
    }
}

/// Copies a prefix. The files of Windows, of which there are 600 MB, are hard links.
fn copy_prefix(from: &Path, to: &Path) {
    let succeeds = |program: &str, arguments: &[&OsStr]| {
        assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program}");
    };
    succeeds("cp", &["-al".as_ref(), from.as_ref(), to.as_ref()]);
    // Wine writes into its registry where that has several links.
    for file in ["system.reg", "user.reg", "userdef.reg"] {
        let from = from.join(file);
        succeeds("cp", &["--remove-destination".as_ref(), from.as_ref(), to.as_ref()]);
    }
}
