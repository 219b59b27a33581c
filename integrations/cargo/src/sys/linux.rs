//! Linux: `/proc`, inotify, subreapers.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::path::{Path, PathBuf};

use rustix::process::{
    Pid, Signal, getpid, getppid, set_child_subreaper, set_parent_process_death_signal,
};

/// Where the system looks for shared libraries (`ld.so(8)`).
pub(crate) const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The folders in which it looks only while that variable is not set.
pub(crate) fn default_library_folders() -> Vec<PathBuf> {
    Vec::new()
}

/// inotify watches a folder without those in it.
pub(crate) const WATCHES_WHOLE_TREES: bool = false;

/// The program that this process runs, even when a build has replaced its file.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn this_program() -> io::Result<PathBuf> {
    Ok(PathBuf::from("/proc/self/exe"))
}

/// Sets the name that `ps` shows and `pkill` looks for.
pub(crate) fn name_this_process(name: &std::ffi::CStr) {
    let _ = rustix::thread::set_name(name);
}

/// Where the numbers of the open descriptors are (`proc_pid_fd(5)`).
const FDS: &str = "/proc/self/fd";

/// Numbers at which descriptors may be open.
pub(super) fn numbers() -> io::Result<Vec<RawFd>> {
    let names = std::fs::read_dir(FDS)?.flatten().map(|entry| entry.file_name());
    Ok(names.filter_map(|name| name.to_str()?.parse().ok()).collect())
}

/// Makes this process the new parent of descendants whose parent ends (`PR_SET_CHILD_SUBREAPER`,
/// `prctl(2)`).
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Lets the kernel kill this process when its parent ends (`PR_SET_PDEATHSIG`, `prctl(2)`).
pub(crate) fn end_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have ended before.
    match getppid() == Some(parent) {
        true => Ok(()),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

/// How many connections wait in the accept queue of a TCP socket; `None` if it is no listening TCP
/// socket (`TCP_INFO`, `tcp(7)`).
#[allow(unsafe_code, reason = "a system call without a safe wrapper")]
pub(crate) fn waiting_connections(socket: BorrowedFd<'_>) -> Option<u32> {
    /// `TCP_LISTEN` of `linux/tcp.h`.
    const LISTENS: u8 = 10;
    // SAFETY: zeros are a valid `tcp_info`, which has only numbers.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = libc::socklen_t::try_from(size_of_val(&info)).ok()?;
    let (fd, level, option) = (socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO);
    // SAFETY: the pointers are to memory of the length that is given, and to that length; a shorter
    // answer of an older kernel leaves the rest as it is.
    let got =
        unsafe { libc::getsockopt(fd, level, option, (&raw mut info).cast(), &raw mut length) };
    // In this state, the field has the length of the queue.
    (got == 0 && info.tcpi_state == LISTENS).then_some(info.tcpi_unacked)
}

/// The children of this process. A process that is left to it meanwhile may be missing.
pub(crate) fn children() -> io::Result<Vec<Pid>> {
    let own = getpid().as_raw_pid();
    let processes = std::fs::read_dir("/proc")?.flatten();
    let child = |entry: std::fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read(entry.path().join("stat")).ok()?;
        (parent(&stat)? == own).then(|| Pid::from_raw(pid)).flatten()
    };
    Ok(processes.filter_map(child).collect())
}

/// The parent in `/proc/PID/stat` (`proc_pid_stat(5)`). The name before it may contain any byte.
fn parent(stat: &[u8]) -> Option<i32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Another path of a folder: a short one, as long as the value lives.
#[derive(Debug)]
pub(crate) struct ShortPath(File);

impl ShortPath {
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        File::open(folder).map(ShortPath)
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::new(FDS).join(self.0.as_raw_fd().to_string())
    }
}

/// The kind of the file system that holds `path`, if it does not report changes that are made on
/// another machine or in another layer.
pub(crate) fn polled_file_system(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let path = path.canonicalize().ok()?;
    let kind = kind_of_mount(&mounts, &path)?;
    is_polled(kind).then(|| kind.to_owned())
}

/// The kind of the innermost mount that holds `path` (`proc_pid_mountinfo(5)`).
fn kind_of_mount<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(before.split(' ').nth(4)?));
        let kind = after.split(' ').next()?;
        path.starts_with(&point).then(|| (point.components().count(), kind))
    });
    // Of two mounts at one point, the later one hides the earlier.
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

fn is_polled(kind: &str) -> bool {
    const KINDS: [&str; 22] = [
        "9p",
        "afs",
        "aufs",
        "ceph",
        "cifs",
        "coda",
        "drvfs",
        "fakeowner",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "overlay",
        "prl_fs",
        "smb2",
        "smb3",
        "smbfs",
        "v9fs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    ];
    KINDS.contains(&kind) || kind.starts_with("fuse.")
}

/// Decodes blanks and backslashes, which are octal in it.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /home/me rw - nfs4 server:/home rw
31 30 0:27 / /home/me/my\\040code rw - fuse.sshfs host: rw
32 22 0:28 / /mnt/c rw - 9p C: rw
33 22 0:29 / /mnt/c rw - tmpfs tmpfs rw
34 22 0:30 / /app rw master:1 - overlay overlay rw,lowerdir=/a";

    fn kind(path: &str) -> &'static str {
        kind_of_mount(MOUNTS, Path::new(path)).unwrap()
    }

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent(b"42 (a) S 7 (b) R 1 42 42 0"), Some(1));
        assert_eq!(parent(b"42 (a"), None);
        assert_eq!(parent(b"42 (a) S 9) S 7 42 42 0 -1"), Some(7));
        assert_eq!(parent(b"42 (\xff) Z 1 42 42 0 -1"), Some(1));
    }

    #[test]
    fn the_innermost_mount_counts() {
        assert_eq!(kind("/srv/app"), "ext4");
        assert_eq!(kind("/home/me/app"), "nfs4");
        assert_eq!(kind("/home/me/my code/app"), "fuse.sshfs");
        assert_eq!(kind("/home/meme"), "ext4");
        assert_eq!(kind("/mnt/c/app"), "tmpfs");
        assert_eq!(kind("/app/src"), "overlay");
    }

    #[test]
    fn network_wsl_and_overlay_are_polled() {
        for polled in ["nfs4", "9p", "drvfs", "overlay", "fuse.sshfs", "virtiofs"] {
            assert!(is_polled(polled), "{polled}");
        }
        for native in ["ext4", "btrfs", "xfs", "tmpfs", "fuseblk", "zfs"] {
            assert!(!is_polled(native), "{native}");
        }
    }
}
