//! TLS by actix-web, on TCP connections. Unix connections go without.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::MessageBody;
use listenfd_lifecycle::ServerConfig;
use listenfd_lifecycle::internal::{Options, Reload};

use crate::bounds::{App, Http, MakeApp};

/// How actix-web listens on TCP.
#[derive(Debug)]
pub(crate) struct Security {
    config: Option<Arc<ServerConfig>>,
}

impl Security {
    pub(crate) fn load(options: &mut Options) -> io::Result<(Self, Reload)> {
        let Some(tls) = options.tls.take() else {
            return Ok((Security { config: None }, Reload::default()));
        };
        // actix-web adds the protocols that it speaks.
        let (config, reload) = tls.load(&[])?;
        Ok((Security { config: Some(config) }, reload))
    }

    /// Whether connections begin with a handshake.
    pub(crate) fn has_handshake(&self) -> bool {
        self.config.is_some()
    }

    /// Applies the options in actix-web's terms.
    pub(crate) fn defaults<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static>(
        &self,
        server: Http<M, S, B>,
        handshake_timeout: Duration,
    ) -> Http<M, S, B> {
        server.tls_handshake_timeout(handshake_timeout)
    }

    pub(crate) fn listen<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static>(
        &self,
        server: Http<M, S, B>,
        listener: TcpListener,
    ) -> io::Result<Http<M, S, B>> {
        match &self.config {
            Some(config) => server.listen_rustls_0_23(listener, ServerConfig::clone(config)),
            None => server.listen(listener),
        }
    }
}
