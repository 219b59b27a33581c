//! A terminal with a person before it: tmux, whose screen can be read and whose keys be pressed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::{DEADLINE, Folder, sys};

/// A terminal of 100 columns and 40 lines, with a shell in it. It ends when dropped.
#[derive(Debug)]
pub struct Terminal {
    /// With the socket of a tmux server of its own.
    folder: Folder,
}

impl Terminal {
    /// Opens one in a folder, with these folders at the head of its `PATH`.
    ///
    /// # Panics
    ///
    /// When tmux cannot be started.
    #[must_use]
    pub fn open(folder: &Path, programs: &Path) -> Self {
        let terminal = Terminal { folder: Folder::new() };
        let path = listenfd_core::internal::env_var("PATH").unwrap_or_default();
        let path = std::iter::once(PathBuf::from(programs)).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).unwrap();
        let mut command = terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "100"]);
        command.args(["-y", "40", "-c"]).arg(folder).args(["env", "PS1=$ ", "sh"]);
        succeed(sys::with_default_signals(command.env("PATH", path).env_remove("TMUX")));
        terminal
    }

    /// Types, as into a keyboard; `Enter` and `C-c` are keys.
    ///
    /// # Panics
    ///
    /// When tmux fails.
    pub fn keys(&self, keys: &[&str]) {
        succeed(self.tmux(&["send-keys"]).args(keys));
    }

    /// What it shows, with what has scrolled away.
    ///
    /// # Panics
    ///
    /// When tmux fails.
    #[must_use]
    pub fn screen(&self) -> String {
        let output = succeed(&mut self.tmux(&["capture-pane", "-p", "-S", "-", "-J"]));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until a text is shown this often.
    ///
    /// # Panics
    ///
    /// When it is not within the deadline.
    #[track_caller]
    pub fn shows(&self, text: &str, times: usize) {
        let end = Instant::now() + DEADLINE;
        loop {
            let screen = self.screen();
            if screen.matches(text).count() >= times {
                return;
            }
            assert!(Instant::now() < end, "{text:?} is not shown {times} times: {screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How it is set, as `stty -a` says.
    ///
    /// # Panics
    ///
    /// When tmux or stty fails.
    #[must_use]
    pub fn modes(&self) -> String {
        let output = succeed(self.tmux(&["display-message", "-p"]).arg("#{pane_tty}"));
        let device = String::from_utf8(output.stdout).unwrap();
        let output = succeed(Command::new("stty").args(["-a", "-F", device.trim()]));
        String::from_utf8(output.stdout).unwrap()
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-u").arg("-S").arg(self.folder.path("tmux")).args(arguments);
        command
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).output();
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}
