//! The client, for handlers.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use hyper_listenfd::Peer;

/// The client of a request, over TCP or a Unix socket; an extractor.
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
        from_extensions(&parts.extensions).ok_or((
            StatusCode::INTERNAL_SERVER_ERROR,
            "PeerInfo is missing: the app is not served by axum_listenfd::serve_or_bind",
        ))
    }
}

fn from_extensions(extensions: &Extensions) -> Option<PeerInfo> {
    if let Some(peer) = extensions.get::<PeerInfo>() {
        return Some(peer.clone());
    }
    // With `axum_listenfd::listener` and `into_make_service_with_connect_info::<PeerInfo>`.
    if let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<PeerInfo>>() {
        return Some(peer.clone());
    }
    let ConnectInfo(addr) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(PeerInfo(Peer::Tcp(*addr)))
}
