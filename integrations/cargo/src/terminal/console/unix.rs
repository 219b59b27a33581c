//! Terminals on Unix take any bytes.

use std::io::{self, IsTerminal, Write};

pub(in crate::terminal) fn stdout() -> impl Write + Send + 'static {
    io::stdout()
}

pub(in crate::terminal) fn stderr() -> impl Write + Send + 'static {
    io::stderr()
}

/// Whether stderr is a terminal, which understands escape sequences.
pub(in crate::terminal) fn takes_escapes() -> bool {
    io::stderr().is_terminal()
}
