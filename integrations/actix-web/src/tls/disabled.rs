//! No TLS: the counterpart of `enabled.rs` in a build without the feature `tls`.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::body::MessageBody;
use listenfd_lifecycle::internal::{Options, Reload};

use crate::bounds::{App, Http, MakeApp};

/// How actix-web listens on TCP.
#[derive(Debug)]
pub(crate) struct Security;

impl Security {
    #[allow(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
    pub(crate) fn load(_: &mut Options) -> io::Result<(Self, Reload)> {
        Ok((Security, Reload::default()))
    }

    /// Whether connections begin with a handshake.
    pub(crate) fn has_handshake(&self) -> bool {
        false
    }

    pub(crate) fn defaults<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static>(
        &self,
        server: Http<M, S, B>,
        _handshake_timeout: Duration,
    ) -> Http<M, S, B> {
        server
    }

    pub(crate) fn listen<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static>(
        &self,
        server: Http<M, S, B>,
        listener: TcpListener,
    ) -> io::Result<Http<M, S, B>> {
        server.listen(listener)
    }
}
