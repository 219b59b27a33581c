//! A child process with deadlines. It ends when dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::sys;
use crate::wait::DEADLINE;

/// A process in a process group of its own, with the default action for each signal. The whole group ends
/// when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Child {
    /// Starts a command and collects its output.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        Child::spawn_with_stdin(command, Stdio::null())
    }

    /// Starts a command that reads [lines](Child::send_line) from the test.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    #[must_use]
    pub fn spawn_reading(command: &mut Command) -> Self {
        Child::spawn_with_stdin(command, Stdio::piped())
    }

    #[track_caller]
    fn spawn_with_stdin(command: &mut Command, stdin: Stdio) -> Self {
        command.process_group(0).stdin(stdin).stdout(Stdio::piped());
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

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line of stdout.
    ///
    /// # Panics
    ///
    /// When there is none in time.
    #[track_caller]
    pub fn line(&mut self) -> String {
        self.line_within(DEADLINE)
    }

    /// The next line of stdout, or `None` when stdout has ended.
    ///
    /// # Panics
    ///
    /// When there is neither in time.
    #[track_caller]
    pub fn line_or_end(&mut self) -> Option<String> {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => panic!("no line within {DEADLINE:?}"),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    #[track_caller]
    fn line_within(&mut self, timeout: Duration) -> String {
        match self.lines.recv_timeout(timeout) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {timeout:?}"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("it ended without a line: {}", self.stderr())
            }
        }
    }

    /// The next line of stdout, as JSON.
    ///
    /// # Panics
    ///
    /// When there is none in time, or it is not JSON.
    #[track_caller]
    pub fn json(&mut self) -> Value {
        self.json_within(DEADLINE)
    }

    /// The same, with another timeout.
    ///
    /// # Panics
    ///
    /// When there is none in time, or it is not JSON.
    #[track_caller]
    pub fn json_within(&mut self, timeout: Duration) -> Value {
        let line = self.line_within(timeout);
        serde_json::from_str(&line).unwrap_or_else(|err| panic!("{line:?} is no JSON: {err}"))
    }

    /// Skips the lines of stdout that have come so far.
    pub fn skip_lines(&mut self) {
        while self.lines.try_recv().is_ok() {}
    }

    /// Sends a line to the stdin of a child that reads lines.
    ///
    /// # Panics
    ///
    /// When the child does not read lines, or has ended.
    #[track_caller]
    pub fn send_line(&mut self, line: &str) {
        let mut stdin = self.process.stdin.as_ref().expect("it reads nothing");
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Ends the stdin of a child that reads lines.
    pub fn close_stdin(&mut self) {
        self.process.stdin = None;
    }

    /// Sends SIGTERM to this process alone.
    pub fn terminate(&self) {
        signal(self.pid(), Signal::TERM);
    }

    /// Sends SIGINT to this process alone.
    pub fn interrupt(&self) {
        signal(self.pid(), Signal::INT);
    }

    /// Sends SIGHUP to this process alone.
    pub fn hang_up(&self) {
        signal(self.pid(), Signal::HUP);
    }

    /// Sends SIGTERM to all processes of the group.
    pub fn terminate_group(&self) {
        let _ = kill_process_group(process_id(self.pid()), Signal::TERM);
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// After the deadline.
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

    /// Waits for the end, and returns all of stderr.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn stderr(&mut self) -> String {
        self.wait();
        // Processes that it has started may hold the pipe.
        self.end_group();
        self.stderr.take().map(|reader| reader.join().unwrap()).unwrap_or_default()
    }

    fn end_group(&self) {
        // The group may be gone already.
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
    // The process may have ended already; the caller finds out.
    let _ = kill_process(process_id(pid), signal);
}

/// Sends SIGTERM to a process that a test has started.
pub fn terminate(pid: u32) {
    signal(pid, Signal::TERM);
}

/// Sends SIGKILL to a process that a test has started.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

fn process_id(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// Raises the limit of open files of this process as far as the system allows.
///
/// # Panics
///
/// When the system refuses.
pub fn raise_fd_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}
