//! The keyboard, where it is ours: single keys, without Enter.

use std::io::{self, IsTerminal};
use std::rc::Rc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Signal, getpgrp};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use crate::run::cleanup::Message;
use crate::run::launcher::Launcher;
use crate::sys;
use crate::terminal::modes::with_single_keys;

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

/// What happens to the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A key was pressed.
    Pressed(Key),
    /// This process is in the foreground of its terminal again, without a signal, or for the first
    /// time.
    Ours,
}

/// The terminal's keyboard, while this process is in the foreground. In a background job it is the
/// shell's.
#[derive(Debug)]
pub(crate) struct Keyboard {
    launcher: Rc<Launcher>,
    /// How the terminal was before it was set for single keys, while it is.
    before: Option<Termios>,
}

/// How often it is looked whether this process is in the foreground. `fg` sends no signal to a
/// process that runs already.
const LOOK: Duration = Duration::from_millis(250);

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
    /// Listens to the keyboard, where there is one, and takes it when that is ours. `tell` is called
    /// from a thread of its own.
    pub(crate) fn listen(
        launcher: Rc<Launcher>,
        tell: impl Fn(Event) + Send + 'static,
    ) -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let mut keyboard = Keyboard { launcher, before: None };
        let is_ours = keyboard.take();
        std::thread::spawn(move || read(is_ours, tell));
        Some(keyboard)
    }

    /// Takes the keyboard if it is ours; tells whether it is. Keys come at once and are not shown then;
    /// Ctrl-C and the like do what they do. To be called again after a shell has had the terminal.
    pub(crate) fn take(&mut self) -> bool {
        // From the background it would stop this process (`SIGTTOU`).
        if !is_ours().unwrap_or(false) {
            return false;
        }
        // Where the terminal is gone, there are no keys.
        let Some(before) = self.before.take().or_else(|| tcgetattr(io::stdin()).ok()) else {
            return true;
        };
        self.launcher.tell_cleanup(&Message::Terminal(Some(&before)));
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &with_single_keys(&before));
        self.before = Some(before);
        true
    }

    /// Sets the terminal as it was.
    pub(crate) fn give_back(&mut self) {
        let Some(before) = self.before.take() else { return };
        // Where a shell has the terminal, it has set it as it wants it.
        if is_ours().unwrap_or(false) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
        self.launcher.tell_cleanup(&Message::Terminal(None));
    }

    /// Stops as Ctrl-Z asks for, with the terminal as it was; returns when it goes on.
    pub(crate) fn suspend(&mut self) {
        self.give_back();
        // Where it cannot stop, it goes on at once.
        let _ = sys::stop_by(Signal::TSTP);
        self.take();
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Whether this process is in the foreground of its terminal.
fn is_ours() -> rustix::io::Result<bool> {
    Ok(tcgetpgrp(io::stdin())? == getpgrp())
}

/// Tells of keys until the terminal is gone.
fn read(mut was_ours: bool, tell: impl Fn(Event)) {
    // Without that, a read would stop this process when it continues in the background.
    sys::block(Signal::TTIN);
    let mut bytes = [0; 64];
    loop {
        let is_ours = match is_ours() {
            Ok(is_ours) => is_ours,
            Err(Errno::IO | Errno::NOTTY | Errno::BADF) => return,
            Err(_) => false,
        };
        if is_ours && !was_ours {
            tell(Event::Ours);
        }
        was_ours = is_ours;
        if !is_ours {
            std::thread::sleep(LOOK);
            continue;
        }
        // Not by the standard library, which would keep what it has read.
        match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(0) => return,
            Ok(length) => {
                bytes[..length].iter().filter_map(|byte| Key::of(*byte)).for_each(|key| {
                    tell(Event::Pressed(key));
                })
            }
            Err(Errno::INTR) => {}
            // It is in the background by now.
            Err(Errno::IO) => std::thread::sleep(LOOK),
            Err(_) => return,
        }
    }
}
