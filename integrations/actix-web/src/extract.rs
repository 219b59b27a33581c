//! Extractors: what a handler can know of its connection.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::{FromRequest, HttpRequest};
use listenfd_core::Peer;
use listenfd_lifecycle::DrainToken;

use crate::connections::Open;

/// An extractor: the client of a request, over TCP or a Unix socket.
///
/// ```
/// use actix_web_listenfd::{Peer, PeerInfo};
///
/// async fn whoami(PeerInfo(peer): PeerInfo) -> String {
///     match peer {
///         Peer::Tcp(addr) => format!("you are {addr}"),
///         peer => format!("you are {peer}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerInfo(pub Peer);

impl FromRequest for PeerInfo {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let unix = request.conn_data().and_then(Open::unix).cloned();
        let peer = unix.or_else(|| request.peer_addr().map(Peer::Tcp));
        ready(peer.map(PeerInfo).ok_or_else(|| missing("PeerInfo")))
    }
}

/// An extractor: tells a response without an end that the server drains.
///
/// ```
/// use actix_web::{HttpRequest, HttpResponse, web};
/// use actix_web_listenfd::Drain;
///
/// async fn echo(
///     request: HttpRequest,
///     body: web::Payload,
///     Drain(drain): Drain,
/// ) -> actix_web::Result<HttpResponse> {
///     let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
///     actix_web::rt::spawn(async move {
///         loop {
///             let message = tokio::select! {
///                 message = messages.recv() => message,
///                 () = drain.draining() => break,
///             };
///             let Some(Ok(actix_ws::Message::Text(text))) = message else { break };
///             if session.text(text).await.is_err() {
///                 break;
///             }
///         }
///         session.close(None).await
///     });
///     Ok(response)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Drain(pub DrainToken);

impl FromRequest for Drain {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let open: Option<&Open> = request.conn_data();
        ready(open.map(|open| Drain(open.drain_token())).ok_or_else(|| missing("Drain")))
    }
}

fn missing(what: &str) -> actix_web::Error {
    ErrorInternalServerError(format!(
        "{what} is missing: the app is not served by actix_web_listenfd::serve_or_bind"
    ))
}
