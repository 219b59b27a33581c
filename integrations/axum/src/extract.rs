//! Extractors: what a handler can know of its connection.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use hyper_listenfd::{ConnectionInfo, DrainToken, Peer};

/// An extractor: the client of a request, over TCP or a Unix socket.
///
/// ```
/// use axum_listenfd::{Peer, PeerInfo};
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

impl<S: Sync> FromRequestParts<S> for PeerInfo {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        peer(&parts.extensions).ok_or((
            StatusCode::INTERNAL_SERVER_ERROR,
            "PeerInfo is missing: the app is not served by axum_listenfd::serve_or_bind",
        ))
    }
}

/// An extractor: tells a response without an end that the server drains.
///
/// ```
/// use axum::extract::ws::{Message, WebSocketUpgrade};
/// use axum::response::Response;
/// use axum_listenfd::Drain;
///
/// async fn echo(upgrade: WebSocketUpgrade, Drain(drain): Drain) -> Response {
///     upgrade.on_upgrade(|mut socket| async move {
///         loop {
///             let message = tokio::select! {
///                 message = socket.recv() => message,
///                 () = drain.draining() => break drop(socket.send(Message::Close(None)).await),
///             };
///             let Some(Ok(message)) = message else { break };
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Drain(pub DrainToken);

impl<S: Sync> FromRequestParts<S> for Drain {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let info = parts.extensions.get::<ConnectionInfo>();
        info.map(|info| Drain(info.drain_token().clone())).ok_or((
            StatusCode::INTERNAL_SERVER_ERROR,
            "Drain is missing: the app is not served by axum_listenfd::serve_or_bind",
        ))
    }
}

fn peer(extensions: &Extensions) -> Option<PeerInfo> {
    if let Some(info) = extensions.get::<ConnectionInfo>() {
        return Some(PeerInfo(info.peer().clone()));
    }
    // With `axum_listenfd::listener` and `into_make_service_with_connect_info::<PeerInfo>`.
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<PeerInfo>>()?;
    Some(peer.clone())
}
