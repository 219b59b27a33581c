//! Consoles of Windows take text only, and escape sequences if that is asked for.

use std::io::{self, IsTerminal, Write};
use std::os::windows::io::AsHandle;

use windows_sys::Win32::System::Console::ENABLE_VIRTUAL_TERMINAL_PROCESSING;

use crate::sys::console::{mode, set_mode};

pub(in crate::terminal) fn stdout() -> impl Write + Send + 'static {
    // An error means that it is no console, or one that shows them as they are.
    let _ = enable_escapes(io::stdout());
    Text::of(io::stdout())
}

pub(in crate::terminal) fn stderr() -> impl Write + Send + 'static {
    Text::of(io::stderr())
}

/// Whether stderr is a terminal that understands escape sequences. Makes a console do so.
pub(in crate::terminal) fn takes_escapes() -> bool {
    // A terminal that is no console is one of Cygwin.
    io::stderr().is_terminal()
        && (mode(io::stderr()).is_err() || enable_escapes(io::stderr()).is_ok())
}

fn enable_escapes(console: impl AsHandle) -> io::Result<()> {
    let before = mode(&console)?;
    set_mode(&console, before | ENABLE_VIRTUAL_TERMINAL_PROCESSING)
}

/// A writer that may be a console. The standard library refuses to write to that what is no UTF-8; such
/// bytes are replaced.
struct Text<W> {
    to: W,
    is_console: bool,
    /// The beginning of a character, which the next bytes may complete.
    begun: Vec<u8>,
}

impl<W: Write + IsTerminal> Text<W> {
    fn of(to: W) -> Self {
        let is_console = to.is_terminal();
        Text { to, is_console, begun: Vec::new() }
    }
}

impl<W: Write> Write for Text<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_console {
            return self.to.write(bytes);
        }
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let whole = all.len() - begun(&all);
        self.begun = all.split_off(whole);
        self.to.write_all(String::from_utf8_lossy(&all).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// How many bytes at the end begin a character.
fn begun(bytes: &[u8]) -> usize {
    const LONGEST: usize = 4;
    let last = &bytes[bytes.len().saturating_sub(LONGEST)..];
    // A character begins with any byte that does not continue one.
    let Some(at) = last.iter().rposition(|byte| byte & 0xc0 != 0x80) else { return 0 };
    match std::str::from_utf8(&last[at..]) {
        Err(err) if err.error_len().is_none() => last.len() - at,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_gets_whole_characters() {
        let mut text = Text { to: Vec::new(), is_console: true, begun: Vec::new() };
        let all = "a\u{1f980}b".as_bytes();
        for byte in [all, b"\xff\xf0c\n"].concat() {
            assert_eq!(text.write(&[byte]).unwrap(), 1);
        }
        assert_eq!(String::from_utf8(text.to).unwrap(), "a\u{1f980}b\u{fffd}\u{fffd}c\n");
    }

    #[test]
    fn all_else_gets_the_bytes_as_they_are() {
        let mut text = Text { to: Vec::new(), is_console: false, begun: Vec::new() };
        text.write_all(b"\xff\xf0").unwrap();
        assert_eq!(text.to, b"\xff\xf0");
    }
}
