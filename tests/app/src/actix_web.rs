//! The app in actix-web.

use actix_web::http::StatusCode;
use actix_web::web::{self, Payload, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use actix_web_listenfd::{Drain, DrainToken, PeerInfo};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::pages::{PageBody, PageRequest};
use super::{endless, events, goodbye, slow, streamed};

/// The app of the test servers.
pub fn app(config: &mut ServiceConfig) {
    config
        .route("/", get().to(|| async { "hello" }))
        .route("/slow", get().to(slow))
        .route("/streamed", get().to(|| async { body(streamed()) }))
        .route("/endless", get().to(|| async { body(endless()) }))
        .route("/events", get().to(|Drain(drain): Drain| async { body(events(drain)) }))
        .route("/pages/{name}", web::route().to(page))
        .route("/ws", get().to(|request, body| talk(request, body, None)))
        .route("/ws-goodbye", get().to(ws_goodbye))
        .route("/addr", get().to(addr))
        .route("/peer", get().to(|PeerInfo(peer): PeerInfo| async move { format!("{peer:?}") }));
}

fn body(
    chunks: impl Stream<Item = Result<Bytes, std::convert::Infallible>> + 'static,
) -> HttpResponse {
    HttpResponse::Ok().streaming(chunks)
}

async fn page(name: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let headers = request.headers().iter();
    let page = PageRequest {
        name: name.into_inner(),
        method: request.method().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
    };
    let (head, body) = page.answer().into_parts();
    let mut response = HttpResponse::build(StatusCode::from_u16(head.status.as_u16()).unwrap());
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    match body {
        PageBody::Whole(body) => response.body(body),
        PageBody::Chunks(chunks) => response.streaming(chunks),
    }
}

async fn addr(request: HttpRequest) -> actix_web::Result<String> {
    let missing = || actix_web::error::ErrorInternalServerError("no address");
    Ok(request.peer_addr().ok_or_else(missing)?.to_string())
}

async fn ws_goodbye(
    request: HttpRequest,
    body: Payload,
    Drain(drain): Drain,
) -> actix_web::Result<HttpResponse> {
    talk(request, body, Some(drain)).await
}

async fn talk(
    request: HttpRequest,
    body: Payload,
    drain: Option<DrainToken>,
) -> actix_web::Result<HttpResponse> {
    let (response, session, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = messages.next() => {}
            () = goodbye(drain) => drop(session.close(None).await),
        }
    });
    Ok(response)
}
