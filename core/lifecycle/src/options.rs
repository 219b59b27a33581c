//! The options of all adapters: their meaning, their defaults and their methods.

use std::fmt;
use std::time::Duration;

use listenfd_core::Address;

use crate::shutdown::Trigger;

/// How a server runs and stops. Every adapter has a method for each field, by
/// [`option_methods`](crate::option_methods).
#[non_exhaustive]
pub struct Options {
    /// Serves the handed sockets of this name only (`LISTEN_FDNAMES`, `sd_listen_fds(3)`).
    pub name: Option<String>,
    /// How long requests in flight may take after the shutdown has begun, before they are cut.
    pub drain_timeout: Duration,
    /// How long a connection that waits for a request stays open after the shutdown has begun, counted
    /// from its accept or its last byte.
    pub keep_alive_grace: Duration,
    /// How long a client may take to send the head of a request, counted from the accept for the first
    /// request of a connection, and from the first byte for a later one.
    pub header_read_timeout: Duration,
    /// How many connections are served at once. Others wait in the listener's queue.
    pub max_connections: Option<usize>,
    /// What starts the shutdown.
    pub shutdown: Trigger,
    /// Called with the addresses when the server accepts connections.
    pub on_ready: Option<OnReady>,
    /// TLS for the TCP listeners.
    #[cfg(feature = "tls-no-provider")]
    pub tls: Option<crate::tls::Tls>,
}

/// See [`Options::on_ready`].
pub type OnReady = Box<dyn FnOnce(&[Address]) + Send>;

impl Default for Options {
    /// A drain timeout of 30 s, a grace of 1 s, 30 s for a request's head, any number of connections, and a
    /// shutdown at SIGTERM or SIGINT (on Windows, see [`Trigger::Signals`]).
    fn default() -> Self {
        Options {
            name: None,
            drain_timeout: Duration::from_secs(30),
            keep_alive_grace: Duration::from_secs(1),
            header_read_timeout: Duration::from_secs(30),
            max_connections: None,
            shutdown: Trigger::default(),
            on_ready: None,
            #[cfg(feature = "tls-no-provider")]
            tls: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("drain_timeout", &self.drain_timeout)
            .field("keep_alive_grace", &self.keep_alive_grace)
            .field("header_read_timeout", &self.header_read_timeout)
            .field("max_connections", &self.max_connections)
            .field("shutdown", &self.shutdown)
            .finish_non_exhaustive()
    }
}

/// The methods of an adapter's server that set its field `options: Options`, with their documentation. A
/// macro, because users would have to import a trait.
#[doc(hidden)]
#[macro_export]
macro_rules! option_methods {
    () => {
        /// Serves only the handed sockets of this name (`FileDescriptorName=`, `systemd.socket(5)`;
        /// `-s NAME=...` of systemfd). Two servers in one process take sockets of different names.
        pub fn name(mut self, name: impl Into<String>) -> Self {
            self.options.name = Some(name.into());
            self
        }

        /// How long requests in flight may take after the shutdown has begun, before they are cut: 30
        /// seconds by default. Keep it below the service manager's own limit (`TimeoutStopSec=`).
        pub fn drain_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.options.drain_timeout = timeout;
            self
        }

        /// How long a connection that waits for a request stays open after the shutdown has begun: 1
        /// second by default. It is counted from the connection's accept or its last byte, so a
        /// connection that has been idle for longer closes at once.
        pub fn keep_alive_grace(mut self, grace: ::std::time::Duration) -> Self {
            self.options.keep_alive_grace = grace;
            self
        }

        /// How long a client may take to send the head of a request, before its connection is
        /// closed: 30 seconds by default. It is counted from the accept for the first request of a
        /// connection, and from the first byte for a later one. Between requests, a connection may
        /// be idle without a limit.
        pub fn header_read_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.options.header_read_timeout = timeout;
            self
        }

        /// How many connections are served at once. Others wait in the listener's queue. There is no
        /// limit by default; 0 is an error when awaited. Connections that were taken over from the
        /// process before are all served.
        pub fn max_connections(mut self, connections: usize) -> Self {
            self.options.max_connections = Some(connections);
            self
        }

        /// Shuts down when `signal` ends, instead of at SIGTERM or SIGINT. These signals are then left
        /// to the application. On Windows that is Ctrl-C, Ctrl-Break, and the end of the console or of
        /// the system. There, the request of the supplier (`systemfd`, `cargo devserver`) shuts down,
        /// too: the application cannot hear of it.
        pub fn with_graceful_shutdown<Signal>(mut self, signal: Signal) -> Self
        where
            Signal: ::std::future::Future<Output = ()> + Send + 'static,
        {
            self.options.shutdown =
                $crate::internal::Trigger::Future(::std::boxed::Box::pin(signal));
            self
        }

        /// Calls `ready` with the addresses of the listeners, when the server accepts connections and
        /// the service manager is told so (`READY=1`, `sd_notify(3)`), on Windows the supplier.
        pub fn on_ready<Ready>(mut self, ready: Ready) -> Self
        where
            Ready: FnOnce(&[$crate::internal::Address]) + Send + 'static,
        {
            self.options.on_ready = Some(::std::boxed::Box::new(ready));
            self
        }
    };
}

/// As [`option_methods`], for the feature `tls`.
#[cfg(feature = "tls-no-provider")]
#[doc(hidden)]
#[macro_export]
macro_rules! tls_option_methods {
    () => {
        /// Speaks TLS on the TCP listeners, handed or bound, with a certificate and its key in PEM
        /// files. Unix listeners stay without TLS. The certificate file holds the chain, the server's
        /// own certificate first.
        ///
        /// SIGHUP reads both files again (`ExecReload=`, `systemd.service(5)`): new connections
        /// get the new certificate, and no connection is dropped. Where the files cannot be used, that
        /// is logged and the old certificate stays. Below `nohup(1)`, SIGHUP stays ignored. Windows has
        /// no SIGHUP: there, the files are read at the start only.
        ///
        /// Files that cannot be used at the start are an error when awaited.
        pub fn tls(
            mut self,
            cert: impl Into<::std::path::PathBuf>,
            key: impl Into<::std::path::PathBuf>,
        ) -> Self {
            self.options.tls = Some($crate::internal::Tls::files(cert, key));
            self
        }

        /// Speaks TLS as [`tls`](Self::tls), with a configuration of your own: client certificates,
        /// several host names, certificates from elsewhere. If it names no protocols (ALPN), those
        /// that the server speaks are added; actix-web always adds its own. SIGHUP is left to the
        /// application.
        pub fn tls_config(
            mut self,
            config: impl Into<::std::sync::Arc<$crate::ServerConfig>>,
        ) -> Self {
            self.options.tls = Some($crate::internal::Tls::config(config));
            self
        }
    };
}
