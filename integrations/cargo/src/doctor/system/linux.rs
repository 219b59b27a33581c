//! Linux: the limits of inotify (`inotify(7)`), and what this user's processes use of them.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Inotify;

/// So many processes are looked at.
const PROCESSES: usize = 10_000;

/// Reads them. Processes of other users, and those that cannot be seen, are left out. `None` where the
/// limits cannot be read.
pub(in crate::doctor) fn inotify() -> Option<Inotify> {
    let limit = |name: &str| -> Option<u64> {
        let text = std::fs::read_to_string(Path::new("/proc/sys/fs/inotify").join(name)).ok()?;
        text.trim().parse().ok()
    };
    let mut found = Inotify {
        max_watches: limit("max_user_watches")?,
        max_instances: limit("max_user_instances")?,
        watches: 0,
        instances: 0,
    };
    let own = std::fs::metadata("/proc/self").ok()?.uid();
    for process in std::fs::read_dir("/proc").ok()?.flatten().take(PROCESSES) {
        let is_process = process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if is_process && process.metadata().is_ok_and(|metadata| metadata.uid() == own) {
            found.add(&process.path());
        }
    }
    Some(found)
}

impl Inotify {
    /// Adds what a process uses (`proc_pid_fdinfo(5)`).
    fn add(&mut self, process: &Path) {
        let Ok(fds) = std::fs::read_dir(process.join("fd")) else { return };
        for fd in fds.flatten() {
            let is_inotify = |path: std::path::PathBuf| path == Path::new("anon_inode:inotify");
            if std::fs::read_link(fd.path()).is_ok_and(is_inotify) {
                let info = process.join("fdinfo").join(fd.file_name());
                self.watches += watches(&std::fs::read_to_string(info).unwrap_or_default());
                self.instances += 1;
            }
        }
    }
}

/// The number of watches of an instance.
fn watches(info: &str) -> u64 {
    info.lines().filter(|line| line.starts_with("inotify ")).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watches_of_an_instance_are_counted() {
        let info = "pos:\t0\nflags:\t02000000\nmnt_id:\t15\ninotify wd:3 ino:9e7e sdev:800013\n\
                    inotify wd:2 ino:a111 sdev:800013 mask:800afce\n";
        assert_eq!(watches(info), 2);
    }

    #[test]
    fn an_instance_of_this_process_counts() {
        let Some(before) = inotify() else { return };
        let _watcher = notify::recommended_watcher(|_| {}).unwrap();
        assert!(inotify().unwrap().instances > 0 && before.max_instances > 0);
    }
}
