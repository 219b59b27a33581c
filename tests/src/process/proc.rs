//! The state of processes, by `proc(5)`.

use std::path::{Path, PathBuf};

use crate::wait::eventually;

/// The processes whose working folder or program is in this folder or below it.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn processes_in(folder: &Path) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let is_there = |process: &PathBuf| {
        // Zombies have no such links.
        let links = ["cwd", "exe"].map(|link| std::fs::read_link(process.join(link)));
        links.iter().flatten().any(|target| target.starts_with(folder))
    };
    processes.filter(is_there).collect()
}

/// Of [`processes_in`] a folder, those that were started as `name`.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn processes_named_in(folder: &Path, name: &str) -> Vec<u32> {
    let start = [name.as_bytes(), b"\0"].concat();
    let is_named = |process: &PathBuf| {
        std::fs::read(process.join("cmdline")).is_ok_and(|line| line.starts_with(&start))
    };
    let processes = processes_in(folder).into_iter().filter(is_named);
    processes.filter_map(|process| process.file_name()?.to_str()?.parse().ok()).collect()
}

/// The fields of `proc_pid_stat(5)` after the name: state, parent and so on.
fn stat(pid: &str) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The children of a process.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn children_of(pid: u32) -> Vec<u32> {
    let parent = pid.to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let children = names.filter(|of| stat(of).is_some_and(|stat| stat[1] == parent));
    children.filter_map(|of| of.parse().ok()).collect()
}

/// The number of zombies below a process.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn zombies_below(pid: u32) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|entry| {
        let pid = entry.file_name().into_string().ok()?;
        let stat = stat(&pid)?;
        Some((pid, stat))
    });
    let stats: std::collections::HashMap<_, _> = stats.collect();
    let is_below = |of: &String| {
        let mut of = of;
        while let Some([_, parent, ..]) = stats.get(of).map(Vec::as_slice) {
            if *parent == pid.to_string() {
                return true;
            }
            of = parent;
        }
        false
    };
    stats.iter().filter(|(of, stat)| stat[0] == "Z" && is_below(of)).count()
}

/// Whether a process ignores a signal and does not block it (`SigIgn` and `SigBlk` in
/// `proc_pid_status(5)`).
///
/// # Panics
///
/// When there is no such process.
#[must_use]
pub fn ignores(pid: u32, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let has = |name| {
        let mask = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << (signal - 1) != 0
    };
    has("SigIgn:") && !has("SigBlk:")
}

/// Waits until there are no more [`processes_in`] a folder.
///
/// # Panics
///
/// After the deadline.
#[track_caller]
pub fn wait_for_none_in(folder: &Path) {
    eventually(&format!("a process is left in {}", folder.display()), || {
        processes_in(folder).is_empty()
    });
}

/// The private memory of a process (`RssAnon`), in KiB.
///
/// # Panics
///
/// When there is no such process.
#[must_use]
pub fn own_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The number of open file descriptors of a process.
///
/// # Panics
///
/// When there is no such process.
#[must_use]
pub fn open_fds(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}
