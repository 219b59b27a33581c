//! The process of the next run is not started during the build: a process on Windows cannot become another
//! program.

use std::io;

use listenfd_systemfd::Sockets;

use crate::children::launcher::{Launcher, Started};
use crate::children::role::Role;
use crate::terminal::screen::Screen;

/// Does nothing.
///
/// # Errors
///
/// None.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn start(
    _launcher: &Launcher,
    _screen: &Screen,
    _sockets: &Sockets,
    _role: Role,
    _has_log: bool,
) -> io::Result<Option<Started>> {
    Ok(None)
}
