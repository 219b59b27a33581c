//! The settings that all connections of a server share.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::HttpBuilder;
use crate::handoff::IdleConnection;
use crate::tls::Security;
use crate::tracking::later;

/// How long a connection waits for a request until HTTP's buffers are freed.
pub(super) const PARK_AFTER: Duration = Duration::from_secs(3);

/// The settings that all connections of a server share.
pub(crate) struct Settings {
    pub(crate) builder: HttpBuilder,
    pub(crate) security: Security,
    pub(crate) keep_alive_grace: Duration,
    pub(crate) header_read_timeout: Duration,
    /// Takes the connections that the next process is to serve.
    pub(crate) handoff: UnboundedSender<IdleConnection>,
}

impl Settings {
    /// When a connection in use looks at the clock for the first time: it may have waited since now.
    pub(super) fn first_look(&self) -> Instant {
        later(Instant::now(), self.header_read_timeout.min(PARK_AFTER))
    }
}
