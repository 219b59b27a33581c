//! What the requests of a connection may know of it.

use std::sync::Arc;

use listenfd_core::Peer;

use crate::DrainToken;

/// The connection of a request: who the client is, and whether the server drains.
///
/// Every adapter gives it to its requests, in the manner of its framework. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    peer: Peer,
    drain_token: DrainToken,
}

impl ConnectionInfo {
    /// Of a connection that was accepted just now.
    #[must_use]
    pub fn new(peer: Peer, drain_token: DrainToken) -> Self {
        // Shared a connection, so that requests on different cores do not count the clones of one
        // and the same token.
        ConnectionInfo { shared: Arc::new(Shared { peer, drain_token }) }
    }

    /// The client.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.shared.peer
    }

    /// Tells of the drain.
    #[must_use]
    pub fn drain_token(&self) -> &DrainToken {
        &self.shared.drain_token
    }
}
