//! What the connections of a server have in common.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::HttpBuilder;
use crate::handoff::IdleConnection;
use crate::tls::Security;

/// What the connections of a server have in common.
pub(crate) struct Settings {
    pub(crate) builder: HttpBuilder,
    pub(crate) security: Security,
    pub(crate) keep_alive_grace: Duration,
    pub(crate) header_read_timeout: Duration,
    /// Where connections go that the next process is to serve.
    pub(crate) next: UnboundedSender<IdleConnection>,
}
