//! Windows has no fd store: connections of a program end with it. New ones wait in the queue of
//! the listener.

use std::path::Path;

use listenfd_systemfd::Sockets;

use crate::terminal::screen::Screen;
use crate::web::channels::Channel;
use crate::web::fresh::Fresh;

/// No fd store.
#[derive(Clone, Debug)]
pub(crate) struct ProgramStore;

impl ProgramStore {
    /// # Errors
    ///
    /// None.
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn open(
        _folder: &Path,
        _is_offered: bool,
        _fresh: Fresh,
        _screen: Screen,
    ) -> anyhow::Result<Self> {
        Ok(ProgramStore)
    }

    /// Whether a program with these sockets is told of a store: none is.
    pub(crate) fn is_offered_with(&self, _sockets: &Sockets) -> bool {
        false
    }

    /// Whether it has more than connections: it has nothing.
    pub(crate) fn has_others(&self) -> bool {
        false
    }

    /// Does nothing.
    pub(crate) fn close(&self) {}

    /// The connections of the last program: none.
    pub(crate) fn take(&self) -> Vec<Channel> {
        Vec::new()
    }

    /// Puts a handoff channel with connections in; there are no such channels.
    pub(crate) fn add(&self, channel: Channel) {
        match channel {}
    }
}
