//! The cleanup process: restores the terminal and removes the temporary folder when
//! `cargo devserver` has been killed.
//!
//! No process can handle SIGKILL, so this one runs beside `cargo devserver`. When its stdin ends,
//! which only `cargo devserver` holds open, it does its work and ends. Children end by
//! themselves: see [`super::reaper`].

use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use anyhow::Context;
use rustix::process::Signal;
use rustix::termios::Termios;

use crate::sys;
use crate::terminal::modes::SavedModes;

/// The hidden argument that makes this program the cleanup process.
pub(crate) const ARGUMENT: &str = "__cleanup";

/// A message to the cleanup process. The last message of each kind counts.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// The path of the temporary folder.
    Folder(&'a Path),
    /// The terminal's modes before they were set for single keys; `None` when they are restored.
    Terminal(Option<&'a Termios>),
}

/// The cleanup process, as `cargo devserver` sees it. It does its work when this is dropped, at the
/// latest.
#[derive(Debug)]
pub(crate) struct Cleanup {
    child: Child,
    /// The child waits for the end of this pipe.
    pipe: Option<ChildStdin>,
}

impl Cleanup {
    /// Starts it, as this program once more.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn start(this_program: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(this_program)
            .arg0("devserver-cleanup")
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start the cleanup process")?;
        let pipe = child.stdin.take().context("the cleanup process has no pipe")?;
        rustix::io::ioctl_fionbio(&pipe, true).context("cannot set the cleanup process's pipe")?;
        Ok(Cleanup { child, pipe: Some(pipe) })
    }

    /// Tells it what to do when this process is gone.
    pub(crate) fn tell(&self, message: &Message<'_>) {
        if let Some(pipe) = &self.pipe {
            // Where the cleanup process is gone or stuck, nothing can be done. The pipe takes a
            // message whole or not at all: a message is short (`PIPE_BUF`, `pipe(7)`).
            let _ = rustix::io::write(pipe, &message.encode());
        }
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        self.pipe = None;
        // It ends soon.
        let _ = self.child.wait();
    }
}

/// Runs in the cleanup process, until stdin ends.
pub(crate) fn run() -> ExitCode {
    // So that `pkill cargo-devserver` does not end both.
    sys::name_this_process(c"devserver-clean");
    sys::ignore(&[Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::TTOU]);
    let tasks = Tasks::read(io::stdin());
    if let Some(modes) = tasks.terminal {
        modes.restore();
    }
    if let Some(folder) = tasks.folder {
        // After a normal end, too: the launcher drops its end of the pipe before the folder.
        let _ = std::fs::remove_dir_all(&folder);
    }
    ExitCode::SUCCESS
}

/// Ends a message: neither paths nor numbers contain it.
const END: u8 = 0;

impl Message<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = match self {
            Message::Folder(path) => [b"F", path.as_os_str().as_bytes()].concat(),
            Message::Terminal(None) => b"T".to_vec(),
            Message::Terminal(Some(before)) => {
                format!("T{}", SavedModes::of(before).encode()).into_bytes()
            }
        };
        bytes.push(END);
        bytes
    }
}

/// The work at the end.
#[derive(Debug, Default)]
struct Tasks {
    folder: Option<PathBuf>,
    terminal: Option<SavedModes>,
}

impl Tasks {
    fn read(mut messages: impl Read) -> Self {
        let (mut tasks, mut message, mut buffer) = (Tasks::default(), Vec::new(), [0; 4096]);
        loop {
            match messages.read(&mut buffer) {
                Ok(0) => return tasks,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return tasks,
                Ok(length) => {
                    for byte in &buffer[..length] {
                        match *byte {
                            END => tasks.note(&std::mem::take(&mut message)),
                            byte => message.push(byte),
                        }
                    }
                }
            }
        }
    }

    fn note(&mut self, message: &[u8]) {
        match message.split_first() {
            Some((b'F', path)) => {
                self.folder = Some(std::ffi::OsString::from_vec(path.to_vec()).into());
            }
            Some((b'T', text)) => self.terminal = SavedModes::decode(text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_of_a_kind_counts_and_unknown_ones_are_ignored() {
        let first = Message::Folder(Path::new("/tmp/one")).encode();
        let second = Message::Folder(Path::new("/tmp/t w\no")).encode();
        let messages = [&first[..], b"\0x\0T7 1 2 3 4\0T7 1 2\0", &second].concat();
        let tasks = Tasks::read(&messages[..]);
        assert_eq!(tasks.folder, Some("/tmp/t w\no".into()));
        assert!(tasks.terminal.is_none());
        let tasks = Tasks::read(&b"T7 1 2 3 4\0F"[..]);
        assert_eq!(tasks.terminal.unwrap().encode(), "7 1 2 3 4");
        assert_eq!(tasks.folder, None);
    }
}
