//! Requests of the script: `cargo devserver` answers them. actix-web does not give a connection away.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::{ConnectionType, Request, RequestHead, Response};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use listenfd_core::Peer;
use listenfd_lifecycle::internal::devserver::{self, Devserver, RelayedBody, RequestLine};

use crate::connections::Open;

/// The answer to come.
pub(crate) struct Relay(Pin<Box<dyn Future<Output = Relayed>>>);

/// An answer.
pub(crate) struct Relayed {
    pub(crate) response: Response<BoxBody>,
    /// Whether it ends only when the server drains.
    pub(crate) is_stream: bool,
}

impl Relay {
    /// Relays a request of the script; `None` if it is one for the application.
    pub(crate) fn begin(devserver: &'static Devserver, request: &Request) -> Option<Self> {
        let line = request_line(request.head());
        if !devserver.is_own(line.path) {
            return None;
        }
        let open: &Open = request.conn_data()?;
        let tcp = || request.peer_addr().map(Peer::Tcp);
        let peer = open.unix().cloned().or_else(tcp).unwrap_or(Peer::Unix(None));
        let headers = request.head().headers.iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let (query, headers) = (request.uri().query(), headers.into_iter());
        let relayed = devserver.relay_request(line, query, headers, &peer);
        let drain = open.drain_token();
        Some(Relay(Box::pin(async move { devserver.relay(relayed, drain).await.into() })))
    }
}

pub(super) fn request_line(head: &RequestHead) -> RequestLine<'_> {
    RequestLine {
        method: head.method.as_str(),
        path: head.uri.path(),
        authority: head.uri.authority().map(|authority| authority.as_str()),
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Future for Relay {
    type Output = Relayed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Relayed> {
        self.0.as_mut().poll(cx)
    }
}

impl From<devserver::Relayed> for Relayed {
    fn from(relayed: devserver::Relayed) -> Self {
        let status = StatusCode::from_u16(relayed.status);
        let body = BoxBody::new(Body(relayed.body));
        let mut response = Response::with_body(status.unwrap_or(StatusCode::BAD_GATEWAY), body);
        for (name, value) in &relayed.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                response.headers_mut().append(name, value);
            }
        }
        if relayed.is_stream {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        Relayed { response, is_stream: relayed.is_stream }
    }
}

struct Body(RelayedBody);

impl MessageBody for Body {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        match self.0.is_end() {
            true => BodySize::None,
            false => BodySize::Stream,
        }
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.0.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Bytes::from)))
    }
}
