//! The terminal of a session: its keyboard, and the browser that it opens.

use std::io::IsTerminal;
use std::path::Path;

use crate::session::input::{Input, Tools};
use crate::settings::resolved::Settings;
use crate::terminal::hints::Hints;
use crate::terminal::keys::{HELP, Keyboard};
use crate::terminal::report::Mood;

#[derive(Debug)]
pub(super) struct Terminal {
    keyboard: Option<Keyboard>,
    pub(super) hints: Hints,
    /// Whether the time to open the browser has passed.
    has_opened: bool,
    /// Whether Ctrl-C was pressed.
    pub(super) is_interrupted: bool,
}

impl Terminal {
    pub(super) fn new(folder: &Path) -> Self {
        let hints = Hints::new(folder);
        Terminal { keyboard: None, hints, has_opened: false, is_interrupted: false }
    }

    pub(super) fn listen_to_keys(&mut self, tools: &Tools) {
        let sender = tools.sender.clone();
        let tell = move |event| sender.send(Input::Keyboard(event));
        self.keyboard = Keyboard::listen(tools.launcher.cleanup(), tell);
    }

    pub(super) fn has_keyboard(&self) -> bool {
        self.keyboard.is_some()
    }

    /// Stops the process, as Ctrl-Z asks for.
    pub(super) fn suspend(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.suspend();
        }
    }

    /// Takes the keyboard, which may be ours again.
    pub(super) fn take_keyboard(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.take();
        }
    }

    /// Opens the browser when the program serves for the first time, if the settings say so.
    pub(super) fn open_first(&mut self, settings: &Settings, url: &str, tools: &Tools) {
        let is_first = !std::mem::replace(&mut self.has_opened, true);
        if settings.open && is_first {
            open_browser(url, tools);
        }
    }
}

pub(super) fn open_browser(url: &str, tools: &Tools) {
    if let Err(err) = open::that_detached(url) {
        tools.note(format!("cannot open the browser: {err}"));
    }
}

pub(super) fn show_help(tools: &Tools) {
    for (key, meaning) in HELP {
        tools.screen.line(key, meaning, Mood::Plain);
    }
}

/// Whether the program has the terminal's keyboard, and so shares our process group.
pub(super) fn shares_keyboard(settings: &Settings) -> bool {
    !settings.keys && std::io::stdin().is_terminal()
}
