//! The results of random clients.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// The results of all clients.
#[derive(Debug, Default)]
pub struct Tally {
    pub(super) stop: AtomicBool,
    /// Correct answers.
    pub answered: AtomicU64,
    /// Connections that became WebSockets.
    pub upgraded: AtomicU64,
    /// Connections that a client has reset in the middle of a request.
    pub reset: AtomicU64,
    /// Connections that the server has closed after an answer with `Connection: close`.
    pub ended: AtomicU64,
    /// Connections that the server has closed between two requests, without notice.
    pub closed: AtomicU64,
    /// Descriptions of the faults.
    pub wrong: Mutex<Vec<String>>,
}
