//! The app in hyper, without a framework.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_listenfd::{ConnectionInfo, DrainToken, Peer};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::pages::{PageBody, PageRequest};
use super::{Chunk, endless, events, goodbye, long, slow, streamed};

const PAGES: &str = "/pages/";

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The app of the test servers.
pub async fn app(mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let info = request.extensions().get::<ConnectionInfo>().cloned();
    let drain = info.as_ref().map(|info| info.drain_token().clone());
    let peer = info.as_ref().map(ConnectionInfo::peer);
    Ok(match (request.uri().path(), peer, drain) {
        ("/", ..) => text("hello".into()),
        ("/slow", ..) => text(slow().await.into()),
        ("/streamed", ..) => stream(streamed()),
        ("/long", ..) => Response::new(Full::from(long()).boxed_unsync()),
        ("/endless", ..) => stream(endless()),
        ("/events", _, Some(drain)) => stream(events(drain)),
        ("/ws", ..) => ws(&mut request, None),
        ("/ws-goodbye", _, Some(drain)) => ws(&mut request, Some(drain)),
        (path, ..) if path.starts_with(PAGES) => page(&request),
        ("/addr", Some(Peer::Tcp(addr)), _) => text(addr.to_string()),
        ("/peer", Some(peer), _) => text(format!("{peer:?}")),
        _ => status(StatusCode::INTERNAL_SERVER_ERROR),
    })
}

fn page(request: &Request<Incoming>) -> Response<Body> {
    let name = &request.uri().path()[PAGES.len()..];
    let page = PageRequest::new(name, request.method(), request.headers());
    page.answer().map(|body| match body {
        PageBody::Whole(body) => Full::from(body).boxed_unsync(),
        PageBody::Chunks(chunks) => {
            StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
        }
    })
}

fn text(text: String) -> Response<Body> {
    Response::new(Full::from(text).boxed_unsync())
}

fn stream(chunks: impl Stream<Item = Chunk> + Send + 'static) -> Response<Body> {
    Response::new(StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync())
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = text(String::new());
    *response.status_mut() = status;
    response
}

fn ws(request: &mut Request<Incoming>, drain: Option<DrainToken>) -> Response<Body> {
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let io = TokioIo::new(upgraded.await.unwrap());
        let mut ws = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
        tokio::select! {
            _ = ws.next() => {}
            () = goodbye(drain) => drop(ws.close(None).await),
        }
    });
    let mut response = status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, "upgrade".parse().unwrap());
    headers.insert(UPGRADE, "websocket".parse().unwrap());
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.parse().unwrap());
    response
}
