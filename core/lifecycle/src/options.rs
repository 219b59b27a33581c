//! The options that all adapters have in common, and their defaults.

use std::time::Duration;

use crate::Trigger;

/// How a server runs and stops; every adapter offers a method for each field.
#[derive(Debug)]
#[non_exhaustive]
pub struct Options {
    /// Serves the handed sockets of this name only (`LISTEN_FDNAMES`, `sd_listen_fds(3)`).
    pub name: Option<String>,
    /// How long requests in flight may take after the shutdown began, before they are cut.
    pub drain_timeout: Duration,
    /// How long a connection that waits for a request stays open after the shutdown began,
    /// counted from its accept or its last byte.
    pub keep_alive_grace: Duration,
    /// How long a client may take to send the head of a request, counted from the accept, and for
    /// later requests of the connection from their first byte.
    pub header_read_timeout: Duration,
    /// How many connections are served at once; others wait in the listener's queue.
    pub max_connections: Option<usize>,
    /// What starts the shutdown.
    pub shutdown: Trigger,
}

impl Default for Options {
    /// A drain of 30 s, a grace of 1 s, 30 s for a request's head, any number of connections, and
    /// shutdown on SIGTERM and SIGINT.
    fn default() -> Self {
        Options {
            name: None,
            drain_timeout: Duration::from_secs(30),
            keep_alive_grace: Duration::from_secs(1),
            header_read_timeout: Duration::from_secs(30),
            max_connections: None,
            shutdown: Trigger::default(),
        }
    }
}
