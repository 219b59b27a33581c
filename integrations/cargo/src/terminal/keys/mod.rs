//! The keyboard: single keys, without Enter, while this process is in the foreground.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Keyboard;
#[cfg(windows)]
pub(crate) use windows::Keyboard;

/// A key that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Rebuild,
    Open,
    Clear,
    Help,
    Quit,
}

/// The text that `h` shows.
pub(crate) const HELP: [(&str, &str); 5] = [
    ("r", "build, and restart the program"),
    ("o", "open the browser"),
    ("c", "clear the screen"),
    ("h", "this help"),
    ("q", "quit, as Ctrl-C does"),
];

/// What happens to the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A key was pressed.
    Pressed(Key),
    /// This process has come into the foreground of its terminal without a signal.
    #[cfg_attr(windows, allow(dead_code, reason = "there is no foreground on Windows"))]
    Ours,
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
