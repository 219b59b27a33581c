//! The app in warp.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method};
use warp::reply::Response;
use warp::ws::{WebSocket, Ws};
use warp::{Filter, Rejection, Reply};
use warp_listenfd::{DrainToken, Peer};

use super::pages::{PageBody, PageRequest};
use super::{endless, events, goodbye, long, slow, streamed};

/// The app of the test servers.
pub fn app() -> BoxedFilter<(impl Reply,)> {
    let hello = warp::path::end().map(|| "hello");
    let slow = warp::path!("slow").then(slow);
    let streamed = warp::path!("streamed").map(|| body(streamed()));
    let long = warp::path!("long").map(long);
    let endless = warp::path!("endless").map(|| body(endless()));
    let events = warp::path!("events").and(warp_listenfd::drain()).map(|drain| body(events(drain)));
    let ws = warp::path!("ws").and(warp::ws()).map(|ws: Ws| ws.on_upgrade(|ws| talk(ws, None)));
    let ws_goodbye = warp::path!("ws-goodbye").and(warp::ws()).and(warp_listenfd::drain());
    let ws_goodbye = ws_goodbye.map(|ws: Ws, drain| ws.on_upgrade(|ws| talk(ws, Some(drain))));
    let page =
        warp::path!("pages" / String).and(warp::method()).and(warp::header::headers_cloned());
    let page = page.map(|name: String, method, headers| page_of(&name, &method, &headers));
    let addr = warp::path!("addr").and(warp_listenfd::remote()).and_then(addr);
    let peer = warp::path!("peer").and(warp_listenfd::peer());
    let peer = peer.map(|peer: Peer| format!("{peer:?}"));
    let first = hello.or(slow).or(streamed).or(long).or(endless).or(events);
    first.or(page).or(ws).or(ws_goodbye).or(addr).or(peer).boxed()
}

fn page_of(name: &str, method: &Method, headers: &HeaderMap) -> Response {
    let (head, body) = PageRequest::new(name, method, headers).answer().into_parts();
    let mut response = match body {
        PageBody::Whole(body) => body.into_response(),
        PageBody::Chunks(chunks) => self::body(chunks).into_response(),
    };
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

fn body(
    chunks: impl Stream<Item = Result<Bytes, Infallible>> + Send + Sync + 'static,
) -> impl Reply {
    warp::reply::stream(chunks)
}

async fn addr(addr: Option<SocketAddr>) -> Result<String, Rejection> {
    addr.map(|addr| addr.to_string()).ok_or_else(warp::reject::reject)
}

async fn talk(ws: WebSocket, drain: Option<DrainToken>) {
    let mut ws = ws;
    tokio::select! {
        _ = ws.next() => {}
        () = goodbye(drain) => drop(ws.close().await),
    }
}
