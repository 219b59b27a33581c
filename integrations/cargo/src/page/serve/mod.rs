//! Answers requests below the reserved path.
//!
//! Their connections come from programs, by the `socket`, or are accepted while no program runs. Each
//! `connection` carries one request. `answers` answers it, and `events` is the stream of a page.

mod answers;
pub(crate) mod connection;
mod events;
pub(crate) mod listener;
pub(crate) mod socket;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::rc::Rc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::children::spare_fds;
use crate::page::editor::command::EditorCommand;
use crate::page::guard::Guard;
use crate::page::live::Live;
use crate::page::random;
pub(crate) use answers::{Source, check_user};
use events::Streams;

/// How many connections there may be at once; others wait in the queue.
const CONNECTIONS: usize = 256;
/// But at most this part of the files that this process may open.
const SHARE: usize = 4;

/// How many connections there may be.
fn places() -> usize {
    let share = spare_fds::files().map_or(CONNECTIONS, |files| files / SHARE);
    share.clamp(1, CONNECTIONS)
}

/// What answers below the reserved path. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Pages(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The reserved path. It begins and ends with a slash.
    path: String,
    live: Live,
    guard: Guard,
    /// What a page needs to control the session.
    token: String,
    streams: Streams,
    controls: UnboundedSender<Control>,
    /// Opens source files; `None` if pages do that, or none is set.
    editor: Option<EditorCommand>,
}

/// What a page asks of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Build, and start the program again.
    Restart,
    /// End the session.
    Stop,
}

impl Pages {
    /// For a session with this state. Pages' wishes come out of the receiver.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub(crate) fn new(
        path: String,
        live: Live,
        guard: Guard,
        editor: Option<EditorCommand>,
    ) -> anyhow::Result<(Self, UnboundedReceiver<Control>)> {
        let (controls, wishes) = unbounded_channel();
        let token = random::text::<16>()?;
        let streams = Streams::new(&live);
        let shared = Shared { path, live, guard, token, streams, controls, editor };
        Ok((Pages(Rc::new(shared)), wishes))
    }

    /// Lets pages open the files in these folders, and no others.
    pub(crate) fn allow_to_open(&self, folders: impl Iterator<Item = PathBuf>) {
        if let Some(editor) = &self.0.editor {
            editor.set_folders(folders);
        }
    }

    /// The reserved path.
    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    /// Whether a request is below the reserved path, by the first bytes of its head; `None` if more
    /// of them are needed. A target in another form than a path (RFC 9112, section 3.2) is not.
    pub(crate) fn is_own(&self, head: &[u8]) -> Option<bool> {
        /// Longer names of methods are not looked through.
        const LONGEST_METHOD: usize = 16;
        let Some(end) = head.iter().take(LONGEST_METHOD).position(|byte| *byte == b' ') else {
            return (head.len() >= LONGEST_METHOD).then_some(false);
        };
        let (target, path) = (&head[end + 1..], self.path().as_bytes());
        match target.len() < path.len() {
            true if path.starts_with(target) => None,
            _ => Some(target.starts_with(path)),
        }
    }
}
