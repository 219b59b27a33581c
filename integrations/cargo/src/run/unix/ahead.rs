//! The process of the next run, started during the build: it has the sockets, and waits until it is told
//! which program it becomes. So the end of a build is not followed by the start of this program, which
//! takes longer than the rest of a swap.

use std::io;

use listenfd_systemfd::Sockets;

use crate::children::launcher::{Launcher, Started};
use crate::children::role::Role;
use crate::run::program::set_streams;
use crate::terminal::screen::Screen;

/// Starts the process, within the event loop. `None`: it is not offered here.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn start(
    launcher: &Launcher,
    screen: &Screen,
    sockets: &Sockets,
    role: Role,
    has_log: bool,
) -> io::Result<Option<Started>> {
    let mut prepared = launcher.prepare_ahead(role)?;
    // What the last program has stored is not known yet. Where that is more than connections, which
    // programs request, another process is started.
    sockets.hand_to(&mut prepared.command, std::iter::empty())?;
    set_streams(&mut prepared.command, screen, role, has_log)?;
    prepared.spawn().map(Some)
}
