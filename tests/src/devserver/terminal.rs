//! A terminal for tests, by tmux: a test presses keys and reads the screen.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::sys;
use crate::wait::DEADLINE;

/// A terminal of 100 columns and 40 lines that runs a shell. It ends when dropped.
#[derive(Debug)]
pub struct Terminal {
    /// Has the socket of the terminal's own tmux server.
    folder: Folder,
}

impl Terminal {
    /// Opens a terminal in a folder, with the folder `programs` at the head of its `PATH`.
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

    /// Presses keys, such as `Enter` and `C-c`; other text is typed.
    ///
    /// # Panics
    ///
    /// When tmux fails.
    pub fn press(&self, keys: &[&str]) {
        succeed(self.tmux(&["send-keys"]).args(keys));
    }

    /// The text of the screen, and of the lines that have scrolled away.
    ///
    /// # Panics
    ///
    /// When tmux fails.
    #[must_use]
    pub fn screen(&self) -> String {
        let output = succeed(&mut self.tmux(&["capture-pane", "-p", "-S", "-", "-J"]));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until the screen shows a text this many times.
    ///
    /// # Panics
    ///
    /// After the deadline.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str, times: usize) {
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

    /// The settings of the terminal, by `stty -a`.
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
