//! What a request can know of its connection.

use std::sync::Arc;

use listenfd_core::Peer;

use crate::DrainToken;

/// The connection of a request: the client, and whether the server drains. Cheap to clone.
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
    #[doc(hidden)]
    #[must_use]
    pub fn new(peer: Peer, drain_token: DrainToken) -> Self {
        // One allocation for each connection, so that requests on different cores do not all count the
        // clones of the same token.
        ConnectionInfo { shared: Arc::new(Shared { peer, drain_token }) }
    }

    /// The client.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.shared.peer
    }

    /// The token that tells of the drain.
    #[must_use]
    pub fn drain_token(&self) -> &DrainToken {
        &self.shared.drain_token
    }
}
