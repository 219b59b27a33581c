//! The guard: a process that puts things right when `cargo devserver` has been killed.
//!
//! Nothing can be done about SIGKILL from within, so this runs beside. When its stdin ends, which
//! `cargo devserver` alone holds open, it sets the terminal as it was and removes the temporary
//! folder. What was running ends by itself: see [`crate::run::reaper`].

use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use crate::sys;
use crate::terminal::keys::with_single_keys;

/// The hidden argument that makes this program the guard.
pub(crate) const ARGUMENT: &str = "__guard";

/// What the guard is told. The last one of a kind counts.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Where the temporary folder is.
    Folder(&'a Path),
    /// How the terminal was before it was set for single keys, or that it is as it was.
    Terminal(Option<&'a Termios>),
}

/// Runs until stdin ends.
pub(crate) fn run() -> ExitCode {
    // So that `pkill cargo-devserver` does not end both.
    sys::name_this_process(c"devserver-guard");
    sys::ignore(&[Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::TTOU]);
    let left = Left::told(io::stdin());
    if let Some(before) = left.terminal {
        before.restore();
    }
    if let Some(folder) = left.folder {
        // It is gone after a normal end.
        let _ = std::fs::remove_dir_all(&folder);
    }
    ExitCode::SUCCESS
}

/// Ends a message: no path and no number has it.
const END: u8 = 0;

impl Message<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = match self {
            Message::Folder(path) => [b"F", path.as_os_str().as_bytes()].concat(),
            Message::Terminal(None) => b"T".to_vec(),
            Message::Terminal(Some(before)) => {
                let modes = Modes::of(before);
                let group = getpgrp().as_raw_pid();
                let [input, output, control, local] = modes.0;
                format!("T{group} {input} {output} {control} {local}").into_bytes()
            }
        };
        bytes.push(END);
        bytes
    }
}

/// What there is to be put right.
#[derive(Debug, Default)]
struct Left {
    folder: Option<PathBuf>,
    terminal: Option<Before>,
}

impl Left {
    fn told(mut messages: impl Read) -> Self {
        let (mut left, mut message, mut buffer) = (Left::default(), Vec::new(), [0; 4096]);
        loop {
            match messages.read(&mut buffer) {
                Ok(0) => return left,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return left,
                Ok(length) => {
                    for byte in &buffer[..length] {
                        match *byte {
                            END => left.note(&std::mem::take(&mut message)),
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
            Some((b'T', text)) => self.terminal = Before::decode(text),
            _ => {}
        }
    }
}

/// How the terminal was.
#[derive(Debug)]
struct Before {
    /// The process group of `cargo devserver`.
    group: Pid,
    modes: Modes,
}

/// Modes of a terminal (`termios(3)`): of input, output, control, and local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Modes([u64; 4]);

impl Modes {
    fn of(terminal: &Termios) -> Self {
        #[allow(clippy::useless_conversion, reason = "they are longer elsewhere")]
        Modes([
            terminal.input_modes.bits().into(),
            terminal.output_modes.bits().into(),
            terminal.control_modes.bits().into(),
            terminal.local_modes.bits().into(),
        ])
    }
}

impl Before {
    fn decode(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut numbers = text.split(' ');
        let group = Pid::from_raw(numbers.next()?.parse().ok()?)?;
        let modes: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
        Some(Before { group, modes: Modes(modes.try_into().ok()?) })
    }

    /// Sets the terminal as it was, if it is still as `cargo devserver` has set it: a shell that has
    /// it again may have set it for itself.
    fn restore(&self) {
        /// A shell that takes the terminal sets it before that has passed.
        const SHELL: Duration = Duration::from_millis(100);
        let terminal = io::stderr();
        if tcgetpgrp(&terminal).is_ok_and(|group| group != self.group) {
            std::thread::sleep(SHELL);
        }
        let Ok(now) = tcgetattr(&terminal) else { return };
        let mut before = now.clone();
        let local = self.modes.0[3];
        before.local_modes = rustix::termios::LocalModes::from_bits_retain(local as _);
        let is_ours = Modes::of(&before) == self.modes
            && Modes::of(&with_single_keys(&before)) == Modes::of(&now);
        if is_ours {
            let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_of_a_kind_counts_and_nonsense_is_nothing() {
        let first = Message::Folder(Path::new("/tmp/one")).encode();
        let second = Message::Folder(Path::new("/tmp/t w\no")).encode();
        let messages = [&first[..], b"\0x\0T7 1 2 3 4\0T7 1 2\0", &second].concat();
        let left = Left::told(&messages[..]);
        assert_eq!(left.folder, Some("/tmp/t w\no".into()));
        assert!(left.terminal.is_none());
        let left = Left::told(&b"T7 1 2 3 4\0F"[..]);
        let before = left.terminal.unwrap();
        assert_eq!((before.group.as_raw_pid(), before.modes), (7, Modes([1, 2, 3, 4])));
        assert_eq!(left.folder, None);
    }
}
