//! The keyboard of a console. All processes of a console share it; there is no foreground.

use std::io::{self, IsTerminal, Read};
use std::rc::Rc;
use std::time::Duration;

use windows_sys::Win32::System::Console::{CONSOLE_MODE, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT};

use super::{Event, Key};
use crate::children::cleanup::Cleanup;
use crate::sys::console::{mode, set_mode};

/// The console's keyboard.
#[derive(Debug)]
pub(crate) struct Keyboard {
    /// The mode before it was set for single keys, while it is.
    before: Option<CONSOLE_MODE>,
}

/// The pause before the next read where one has brought nothing.
const READ_AGAIN: Duration = Duration::from_millis(250);

impl Keyboard {
    /// Listens to the keyboard, if there is one. `tell` is called from a thread of its own. No
    /// cleanup is needed where this process is killed: each shell sets the modes that it reads with.
    pub(crate) fn listen(_: Rc<Cleanup>, tell: impl Fn(Event) + Send + 'static) -> Option<Self> {
        // A terminal that is no console, such as that of Cygwin, gives whole lines only.
        if mode(io::stdin()).is_err() || !io::stderr().is_terminal() {
            return None;
        }
        let mut keyboard = Keyboard { before: None };
        keyboard.take();
        std::thread::spawn(move || read(io::stdin(), tell));
        Some(keyboard)
    }

    /// Sets the console's mode, so that keys come at once and without echo. Ctrl-C and Ctrl-Break
    /// work as usual. Returns whether this process has the keyboard: always.
    pub(crate) fn take(&mut self) -> bool {
        // Where the console is gone, there are no keys.
        if let Ok(before) = self.before.map_or_else(|| mode(io::stdin()), Ok) {
            let _ = set_mode(io::stdin(), with_single_keys(before));
            self.before = Some(before);
        }
        true
    }

    /// Restores the console's mode.
    pub(crate) fn give_back(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = set_mode(io::stdin(), before);
        }
    }

    /// Does nothing: a process on Windows cannot stop and go on.
    pub(crate) fn suspend(&mut self) {}
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The mode for single keys: no line editing, no echo. `ENABLE_PROCESSED_INPUT` stays, so Ctrl-C is no
/// key.
fn with_single_keys(before: CONSOLE_MODE) -> CONSOLE_MODE {
    before & !(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT)
}

/// Reads keys until the console is gone.
fn read(mut console: impl Read, tell: impl Fn(Event)) {
    let mut bytes = [0; 64];
    loop {
        match console.read(&mut bytes) {
            // Ctrl-Z, which the standard library takes for the end of the input.
            Ok(0) => std::thread::sleep(READ_AGAIN),
            Ok(length) => {
                bytes[..length].iter().filter_map(|byte| Key::of(*byte)).for_each(|key| {
                    tell(Event::Pressed(key));
                })
            }
            // A key that is half of a character without the other half.
            Err(err) if err.kind() == io::ErrorKind::InvalidData => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use windows_sys::Win32::System::Console::ENABLE_PROCESSED_INPUT;

    use super::*;

    #[test]
    fn keys_are_read_until_the_console_is_gone() {
        /// Gives these, one at a time.
        struct Keys(Vec<io::Result<&'static [u8]>>);
        impl Read for Keys {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let keys = self.0.remove(0)?;
                buffer[..keys.len()].copy_from_slice(keys);
                Ok(keys.len())
            }
        }
        let keys = Keys(vec![
            Ok(b"rx"),
            Ok(b""),
            Err(io::ErrorKind::InvalidData.into()),
            Ok("äQ".as_bytes()),
            Err(io::ErrorKind::BrokenPipe.into()),
        ]);
        let told = RefCell::new(Vec::new());
        read(keys, |event| told.borrow_mut().push(event));
        assert_eq!(*told.borrow(), [Event::Pressed(Key::Rebuild), Event::Pressed(Key::Quit)]);
    }

    #[test]
    fn ctrl_c_stays_what_it_is() {
        let before = ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT;
        assert_eq!(with_single_keys(before), ENABLE_PROCESSED_INPUT);
    }
}
