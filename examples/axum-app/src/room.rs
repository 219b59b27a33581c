//! The state that the handlers share.

use tokio::sync::{broadcast, watch};

/// The chat room.
#[derive(Clone)]
pub(crate) struct Room {
    /// The messages, for everyone in the room.
    pub(crate) messages: broadcast::Sender<String>,
    /// The number of people in the room.
    pub(crate) people: watch::Sender<usize>,
}

impl Room {
    pub(crate) fn new() -> Self {
        Room { messages: broadcast::Sender::new(64), people: watch::Sender::new(0) }
    }
}
