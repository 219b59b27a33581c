//! The keyboard of a terminal. A process that is not in its foreground must not touch it.

use std::io::{self, IsTerminal};
use std::rc::Rc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Signal, getpgrp};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::{Event, Key};
use crate::children::cleanup::{Cleanup, Message};
use crate::sys;
use crate::terminal::modes::with_single_keys;

/// The terminal's keyboard. While this process is in the background, the shell has it.
#[derive(Debug)]
pub(crate) struct Keyboard {
    cleanup: Rc<Cleanup>,
    /// The terminal's modes before they were set for single keys, while they are.
    before: Option<Termios>,
}

/// How often to look whether this process is in the foreground. `fg` sends no signal to a process
/// that runs already.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Keyboard {
    /// Listens to the keyboard, if there is one, and takes it while this process is in the
    /// foreground. `tell` is called from a thread of its own.
    pub(crate) fn listen(
        cleanup: Rc<Cleanup>,
        tell: impl Fn(Event) + Send + 'static,
    ) -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let mut keyboard = Keyboard { cleanup, before: None };
        let is_ours = keyboard.take();
        std::thread::spawn(move || read(is_ours, tell));
        Some(keyboard)
    }

    /// Takes the keyboard if this process is in the foreground; returns whether it is. Then keys
    /// come at once and without echo; Ctrl-C and the like work as usual. Call it again after a
    /// shell has had the terminal.
    pub(crate) fn take(&mut self) -> bool {
        // In the background, setting the modes would stop this process (`SIGTTOU`).
        if !is_ours().unwrap_or(false) {
            return false;
        }
        // Where the terminal is gone, there are no keys.
        let Some(before) = self.before.take().or_else(|| tcgetattr(io::stdin()).ok()) else {
            return true;
        };
        self.cleanup.tell(&Message::Terminal(Some(&before)));
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &with_single_keys(&before));
        self.before = Some(before);
        true
    }

    /// Restores the terminal's modes.
    pub(crate) fn give_back(&mut self) {
        let Some(before) = self.before.take() else { return };
        // A shell that has the terminal has set its own modes.
        if is_ours().unwrap_or(false) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
        self.cleanup.tell(&Message::Terminal(None));
    }

    /// Stops this process, as Ctrl-Z asks for, with the terminal restored. Returns when it goes on.
    pub(crate) fn suspend(&mut self) {
        self.give_back();
        // If it cannot stop, it goes on at once.
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

/// Reads keys until the terminal is gone.
fn read(mut was_ours: bool, tell: impl Fn(Event)) {
    // Otherwise a read would stop this process when it goes on in the background.
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
            std::thread::sleep(LOOK_AGAIN);
            continue;
        }
        // Not by the standard library, which reads ahead.
        match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(0) => return,
            Ok(length) => {
                bytes[..length].iter().filter_map(|byte| Key::of(*byte)).for_each(|key| {
                    tell(Event::Pressed(key));
                })
            }
            Err(Errno::INTR) => {}
            // It is in the background now.
            Err(Errno::IO) => std::thread::sleep(LOOK_AGAIN),
            Err(_) => return,
        }
    }
}
