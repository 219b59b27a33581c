//! A child process with deadlines, stopped and reaped when dropped.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::sys;

/// How long anything may take that a machine under load can take long over.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A process in a group of its own, with the default signals; the whole group ends with the guard.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Child {
    /// Starts it, with its output collected.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        sys::with_default_signals(command.stderr(Stdio::piped()));
        let mut process =
            command.spawn().unwrap_or_else(|err| panic!("cannot start {command:?}: {err}"));
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut stderr = process.stderr.take().unwrap();
        let (tx, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tx.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Child { process, lines, stderr: Some(stderr) }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line of its stdout.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline.
    #[track_caller]
    pub fn line(&mut self) -> String {
        self.line_within(DEADLINE)
    }

    #[track_caller]
    fn line_within(&mut self, deadline: Duration) -> String {
        match self.lines.recv_timeout(deadline) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {deadline:?}"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("it ended without a line: {}", self.stderr())
            }
        }
    }

    /// The next line of its stdout, as JSON.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline, or when it is no JSON.
    #[track_caller]
    pub fn json(&mut self) -> Value {
        self.json_within(DEADLINE)
    }

    /// The same, with another deadline.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline, or when it is no JSON.
    #[track_caller]
    pub fn json_within(&mut self, deadline: Duration) -> Value {
        let line = self.line_within(deadline);
        serde_json::from_str(&line).unwrap_or_else(|err| panic!("{line:?} is no JSON: {err}"))
    }

    /// Sends it, and no other process, SIGTERM.
    pub fn terminate(&self) {
        signal(self.pid(), Signal::TERM);
    }

    /// Sends it, and no other process, SIGINT.
    pub fn interrupt(&self) {
        signal(self.pid(), Signal::INT);
    }

    /// Sends it, and no other process, SIGHUP.
    pub fn hang_up(&self) {
        signal(self.pid(), Signal::HUP);
    }

    /// Sends it, and all processes of its group, SIGTERM.
    pub fn terminate_group(&self) {
        let _ = kill_process_group(process_id(self.pid()), Signal::TERM);
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not end within the deadline.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it still runs after {DEADLINE:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// All of its stderr; waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not end within the deadline.
    #[track_caller]
    pub fn stderr(&mut self) -> String {
        self.wait();
        // What it has left behind may hold the pipe.
        self.end_group();
        self.stderr.take().map(|reader| reader.join().unwrap()).unwrap_or_default()
    }

    fn end_group(&self) {
        // It may be gone already.
        let _ = kill_process_group(process_id(self.pid()), Signal::KILL);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end_group();
        let _ = self.process.wait();
    }
}

/// Sends a signal to a process that a test has started.
pub(crate) fn signal(pid: u32, signal: Signal) {
    // It may have ended by itself, and the caller finds out.
    let _ = kill_process(process_id(pid), signal);
}

/// Sends SIGTERM to a process that a test has started.
pub fn terminate(pid: u32) {
    signal(pid, Signal::TERM);
}

/// Ends a process that a test has started by force, and nothing else of its group.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

fn process_id(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// Lets this process open as many descriptors as the system allows it.
///
/// # Panics
///
/// When the system refuses.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}
