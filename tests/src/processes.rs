//! Which processes there are, from `proc(5)`.

use std::path::{Path, PathBuf};

use crate::eventually;

/// The processes that run in a folder or below it, or are a program from there.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn processes_in(folder: &Path) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let is_there = |process: &PathBuf| {
        // Those that have ended and were not waited for have no such links.
        let links = ["cwd", "exe"].map(|link| std::fs::read_link(process.join(link)));
        links.iter().flatten().any(|target| target.starts_with(folder))
    };
    processes.filter(is_there).collect()
}

/// Waits until no process runs in a folder.
///
/// # Panics
///
/// When one still does after the deadline.
#[track_caller]
pub fn wait_for_none_in(folder: &Path) {
    eventually(&format!("a process is left in {}", folder.display()), || {
        processes_in(folder).is_empty()
    });
}

/// The memory of a process that is its own (`RssAnon`), in KiB.
///
/// # Panics
///
/// When there is no such process.
#[must_use]
pub fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How many descriptors a process has open.
///
/// # Panics
///
/// When there is no such process.
#[must_use]
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}
