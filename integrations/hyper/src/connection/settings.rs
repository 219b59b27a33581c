//! The settings that all connections of a server share.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::HttpBuilder;
use crate::handoff::IdleConnection;
use crate::tls::Security;

/// The settings that all connections of a server share.
pub(crate) struct Settings {
    pub(crate) builder: HttpBuilder,
    pub(crate) security: Security,
    pub(crate) keep_alive_grace: Duration,
    pub(crate) header_read_timeout: Duration,
    /// Takes the connections that the next process is to serve.
    pub(crate) handoff: UnboundedSender<IdleConnection>,
}
