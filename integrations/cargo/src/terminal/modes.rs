//! The modes of the terminal (`termios(3)`): set for single keys, and restored.

use std::io;
use std::time::Duration;

use rustix::process::{Pid, getpgrp};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// The modes for single keys: no line editing, no echo.
pub(crate) fn with_single_keys(before: &Termios) -> Termios {
    let mut ours = before.clone();
    ours.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    ours
}

/// The modes before they were set for single keys, in a form that another process can restore.
#[derive(Debug)]
pub(crate) struct SavedModes {
    /// The process group of `cargo devserver`.
    group: Pid,
    modes: Modes,
}

/// Input, output, control and local modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Modes([u64; 4]);

impl Modes {
    fn of(terminal: &Termios) -> Self {
        #[allow(clippy::useless_conversion, reason = "they are longer on other platforms")]
        Modes([
            terminal.input_modes.bits().into(),
            terminal.output_modes.bits().into(),
            terminal.control_modes.bits().into(),
            terminal.local_modes.bits().into(),
        ])
    }
}

impl SavedModes {
    pub(crate) fn of(before: &Termios) -> Self {
        SavedModes { group: getpgrp(), modes: Modes::of(before) }
    }

    pub(crate) fn encode(&self) -> String {
        let [input, output, control, local] = self.modes.0;
        format!("{} {input} {output} {control} {local}", self.group.as_raw_pid())
    }

    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut numbers = text.split(' ');
        let group = Pid::from_raw(numbers.next()?.parse().ok()?)?;
        let modes: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
        Some(SavedModes { group, modes: Modes(modes.try_into().ok()?) })
    }

    /// Restores them, unless a shell has the terminal again and has set other modes.
    pub(crate) fn restore(&self) {
        /// A shell that takes the terminal sets its modes within this time.
        const SHELL_TIMEOUT: Duration = Duration::from_millis(100);
        let terminal = io::stderr();
        if tcgetpgrp(&terminal).is_ok_and(|group| group != self.group) {
            std::thread::sleep(SHELL_TIMEOUT);
        }
        let Ok(now) = tcgetattr(&terminal) else { return };
        let mut before = now.clone();
        let local = self.modes.0[3];
        before.local_modes = LocalModes::from_bits_retain(local as _);
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
    fn modes_survive_the_way_to_another_process() {
        let saved = SavedModes::decode(b"7 1 2 3 4").unwrap();
        assert_eq!((saved.group.as_raw_pid(), saved.modes), (7, Modes([1, 2, 3, 4])));
        assert_eq!(saved.encode(), "7 1 2 3 4");
        assert!(SavedModes::decode(b"7 1 2").is_none());
    }
}
