//! The keyboard, where it is ours: single keys, without Enter.

use std::io::{self, IsTerminal, Read};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Rebuild,
    Open,
    Clear,
    Help,
    Quit,
}

/// What `h` shows.
pub(crate) const HELP: [(&str, &str); 5] = [
    ("r", "build, and start the program anew"),
    ("o", "open the browser"),
    ("c", "clear the screen"),
    ("h", "this help"),
    ("q", "quit, as Ctrl-C does"),
];

/// The terminal as it was, to be set so again when dropped.
#[derive(Debug)]
pub(crate) struct Keyboard {
    before: Termios,
}

impl Key {
    fn of(byte: u8) -> Option<Self> {
        match byte.to_ascii_lowercase() {
            b'r' => Some(Key::Rebuild),
            b'o' => Some(Key::Open),
            b'c' => Some(Key::Clear),
            b'h' | b'?' => Some(Key::Help),
            b'q' => Some(Key::Quit),
            _ => None,
        }
    }
}

impl Keyboard {
    /// Takes the keyboard, where there is one and it is ours to take: in a background job it is
    /// not. `pressed` is called from a thread of its own.
    pub(crate) fn take(pressed: impl Fn(Key) + Send + 'static) -> Option<Self> {
        let stdin = io::stdin();
        let is_ours = stdin.is_terminal()
            && io::stderr().is_terminal()
            && tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp());
        if !is_ours {
            return None;
        }
        let keyboard = Keyboard { before: tcgetattr(&stdin).ok()? };
        keyboard.set();
        std::thread::spawn(move || {
            for byte in io::stdin().lock().bytes().map_while(Result::ok) {
                if let Some(key) = Key::of(byte) {
                    pressed(key);
                }
            }
        });
        Some(keyboard)
    }

    /// Keys come at once and are not shown; Ctrl-C and the like do what they do. To be called again
    /// after the shell has had the terminal (`SIGCONT`).
    pub(crate) fn set(&self) {
        let mut ours = self.before.clone();
        ours.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        // Where the terminal is gone, there are no keys.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &ours);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
