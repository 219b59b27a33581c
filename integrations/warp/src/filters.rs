//! Filters: what a request can know of its connection.

use std::convert::Infallible;
use std::net::SocketAddr;

use hyper_listenfd::{ConnectionInfo, DrainToken, Peer};
use warp::{Filter, Rejection};

/// Extracts the address of the client; `None` for a client of a Unix socket. Use it in place of
/// `warp::addr::remote()`.
///
/// ```
/// use std::net::SocketAddr;
/// use warp::Filter;
///
/// let route = warp_listenfd::remote()
///     .map(|addr: Option<SocketAddr>| format!("you are {addr:?}"));
/// ```
#[must_use]
pub fn remote() -> impl Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Copy {
    warp::ext::optional().map(|info: Option<ConnectionInfo>| info?.peer().addr())
}

/// Extracts the client, over TCP or a Unix socket. Rejects (500) if the filter is not served by
/// [`serve_or_bind`](crate::serve_or_bind).
///
/// ```
/// use warp::Filter;
/// use warp_listenfd::Peer;
///
/// let route = warp_listenfd::peer().map(|peer: Peer| format!("you are {peer}"));
/// ```
#[must_use]
pub fn peer() -> impl Filter<Extract = (Peer,), Error = Rejection> + Copy {
    warp::ext::get().map(|info: ConnectionInfo| info.peer().clone())
}

/// Extracts the token that tells a response without an end that the server drains. Rejects (500) if the
/// filter is not served by [`serve_or_bind`](crate::serve_or_bind).
///
/// ```
/// use warp::Filter;
/// use warp::ws::{Message, WebSocket, Ws};
/// use warp_listenfd::DrainToken;
///
/// # async fn echo(socket: &mut WebSocket) {}
/// let route = warp::ws().and(warp_listenfd::drain()).map(|ws: Ws, drain: DrainToken| {
///     ws.on_upgrade(|mut socket| async move {
///         tokio::select! {
///             () = echo(&mut socket) => {}
///             () = drain.draining() => drop(socket.close().await),
///         }
///     })
/// });
/// ```
#[must_use]
pub fn drain() -> impl Filter<Extract = (DrainToken,), Error = Rejection> + Copy {
    warp::ext::get().map(|info: ConnectionInfo| info.drain_token().clone())
}
