//! A real systemd, booted for a test, with one socket and one service.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::folder::Folder;
use crate::process::{copy_program, processes_in, signal};
use crate::restart::Restart;
use crate::wait::DEADLINE;
use crate::{machine, sys};

/// A systemd with one socket and one service, `web`.
#[derive(Debug)]
pub struct Systemd {
    folder: Folder,
    leader: u32,
    addr: SocketAddr,
    /// The folder of the service's program; see [`replace_program`](Self::replace_program).
    programs: PathBuf,
    /// systemd ends when this pipe closes, even if the test is killed.
    _tie: Option<ChildStdin>,
}

/// The configuration of a [`Systemd`].
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// The program and its arguments.
    pub server: &'a str,
    /// More lines for `web.service`.
    pub service: &'a str,
    /// The root folder of another system, for its version of systemd.
    pub root: Option<&'a Path>,
}

/// Allows any number of restarts.
const SERVICE: &str = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=notify\n";

impl Systemd {
    /// Whether a systemd can boot on this machine; see [`has`](crate::has). The gate sets
    /// `LISTENFD_TEST_NO_SYSTEMD` where it cannot.
    #[track_caller]
    #[must_use]
    pub fn is_possible() -> bool {
        const NEEDED: &str = "root, namespaces and systemd";
        if listenfd_core::internal::env_var("LISTENFD_TEST_NO_SYSTEMD").is_some() {
            return machine::skip(NEEDED);
        }
        let can = Command::new("unshare").args(["--mount", "--pid", "--fork", "true"]).output();
        let can = can.is_ok_and(|output| output.status.success());
        machine::require(can, NEEDED) && machine::has("systemd-socket-activate")
    }

    /// Boots systemd. The service runs a copy of the program, on a socket with an address of its own.
    ///
    /// # Panics
    ///
    /// When it does not boot.
    #[track_caller]
    #[must_use]
    pub fn boot(unit: Unit<'_>) -> Self {
        static COUNT: AtomicU8 = AtomicU8::new(1);
        let folder = Folder::new();
        let (units, programs) = (folder.path("units"), folder.path("programs"));
        std::fs::create_dir(&units).unwrap();
        std::fs::create_dir(&programs).unwrap();
        // systemd cannot choose a free port. But all of 127.0.0.0/8 is loopback, so on an address that no
        // other test has, a port that is free now stays free.
        let [_, _, high, low] = std::process::id().to_be_bytes();
        let last = COUNT.fetch_add(1, Ordering::Relaxed);
        let free = TcpListener::bind((Ipv4Addr::new(127, high, low, last), 0)).unwrap();
        let addr = free.local_addr().unwrap();
        drop(free);
        let socket = format!("[Socket]\nListenStream={addr}\nFileDescriptorName=web\n");
        let (name, arguments) = unit.server.split_once(' ').unwrap_or((unit.server, ""));
        let exec = programs.join("server");
        copy_program(name, &exec);
        let service =
            format!("{SERVICE}{}\nExecStart={} {arguments}\n", unit.service, exec.display());
        std::fs::write(units.join("web.socket"), socket).unwrap();
        std::fs::write(units.join("web.service"), service).unwrap();
        let boot = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/boot");
        let mut boot = Command::new(boot);
        boot.args([&folder.path(""), &programs]);
        let elsewhere = listenfd_core::internal::env_var("LISTENFD_TEST_SYSTEMD_ROOT");
        if let Some(root) = unit.root.map(Path::as_os_str).or(elsewhere.as_deref()) {
            boot.env("LOWER", root);
        }
        boot.env("TIED", "1").stdin(Stdio::piped());
        boot.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut boot = sys::with_default_signals(&mut boot).spawn().unwrap();
        let tie = boot.stdin.take();
        let booted = boot.wait_with_output().unwrap();
        assert!(booted.status.success(), "systemd does not boot: {booted:?}");
        let leader = std::fs::read_to_string(folder.path("leader")).unwrap();
        let leader = leader.trim().parse().unwrap();
        let systemd = Systemd { folder, leader, addr, programs, _tie: tie };
        systemd.systemctl(&["start", "web.socket"]);
        systemd
    }

    /// Runs `systemctl`, and returns its output.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn systemctl(&self, arguments: &[&str]) -> String {
        let output = self.try_systemctl(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}\n{}", self.journal());
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs `systemctl`, which may fail.
    ///
    /// # Panics
    ///
    /// When it cannot be run.
    #[must_use]
    pub fn try_systemctl(&self, arguments: &[&str]) -> Output {
        self.inside("systemctl").args(arguments).output().unwrap()
    }

    /// The log of the service, and of systemd about it.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    #[must_use]
    pub fn journal(&self) -> String {
        let mut command = self.inside("journalctl");
        let output = command.args(["-q", "-o", "cat", "-u", "web.service"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Replaces the program of the service by a script, as a deploy does. `$SERVER` in the script is the
    /// original program.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn replace_program(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let (server, first) = (self.programs.join("server"), self.programs.join("first"));
        if !first.exists() {
            std::fs::rename(&server, &first).unwrap();
        }
        let new = self.programs.join("new");
        let script = format!("#!/bin/sh\nSERVER={}\n{script}\n", first.display());
        std::fs::write(&new, script).unwrap();
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(new, server).unwrap();
    }

    /// The process id of the service, outside of its namespaces.
    ///
    /// # Panics
    ///
    /// When it does not run.
    #[must_use]
    pub fn service_pid(&self) -> u32 {
        let found = processes_in(&self.programs);
        let name = found.first().and_then(|process| process.file_name()?.to_str());
        name.expect("the service runs").parse().unwrap()
    }

    /// The process id of systemd, outside of its namespaces.
    #[must_use]
    pub fn manager_pid(&self) -> u32 {
        self.leader
    }

    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.leader.to_string(), "-m", "-p", "-u", "-i", "-C", program]);
        command
    }
}

impl Restart for Systemd {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn restart(&mut self) {
        self.systemctl(&["restart", "web.service"]);
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // This ends all its processes; then the script removes its cgroups.
        signal(self.leader, Signal::KILL);
        let (end, gone) = (Instant::now() + DEADLINE, self.folder.path("gone"));
        while !gone.exists() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
