//! What keys do.

use super::Session;
use crate::policy::{Change, Event};
use crate::terminal::keys::{HELP, Key};
use crate::terminal::report::Mood;

impl Session {
    pub(super) fn pressed(&mut self, key: Key) -> bool {
        match key {
            Key::Rebuild => return self.apply(Event::Changed(Change::Rebuild)),
            Key::Quit => return self.apply(Event::Quit),
            Key::Open => self.open_browser(),
            Key::Clear => self.screen.clear(),
            Key::Help => {
                for (key, meaning) in HELP {
                    self.screen.line(key, meaning, Mood::Plain);
                }
            }
        }
        true
    }

    pub(super) fn open_browser(&self) {
        if let Err(err) = open::that_detached(self.url()) {
            self.note(format!("cannot open the browser: {err}"));
        }
    }
}
