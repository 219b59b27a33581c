//! The answer to a request: `routes` says what it is for, and `body` is the answer's content.

mod assets;
pub(super) mod body;
pub(super) mod cors;
mod query;
mod routes;

use std::path::Path;

use hyper::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use listenfd_core::internal::escaped;
use serde_json::json;

use super::{Control, Pages};
use crate::page::editor::command::NotOpened;
use crate::page::guard::{Guard, Refusal, single};
use assets::{Asset, SCRIPT, WORKER};
use body::Content;
use routes::{NoRoute, Route, Target, accepts};

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A TCP client, on this machine or not.
    Tcp,
    /// The client of a Unix socket, with its user id. It is unknown on some systems.
    #[cfg(unix)]
    Unix(Option<u32>),
}

/// Why there is nothing else to answer.
enum Refused {
    Sender(Refusal),
    Route(NoRoute),
    /// The client does not take this type of content.
    Type(&'static str),
}

/// For content that only pages of the same origin may use.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The worker obeys the policy of its own script, and has to connect.
const SECURITY_POLICY: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";

/// Answers at once: nothing here waits.
pub(super) fn answer<B>(pages: &Pages, request: &Request<B>, source: &Source) -> Response<Content> {
    let checked = check_user(source).and_then(|()| pages.0.guard.check_sender(request));
    respond(pages, request, checked)
}

/// Answers a request whose sender has been checked. Who asks comes first: others are told nothing,
/// not even what there is.
fn respond<B>(
    pages: &Pages,
    request: &Request<B>,
    checked: Result<(), Refusal>,
) -> Response<Content> {
    let route = checked.map_err(Refused::Sender).and_then(|()| route(pages, request));
    let mut response = route.map_or_else(refusal, |route| {
        let content_type = route.content_type();
        let mut response = content(pages, &route, request);
        if let Some(content_type) = content_type.filter(|_| response.status() == StatusCode::OK) {
            let content_type = HeaderValue::from_static(content_type);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        response
    });
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (CONTENT_SECURITY_POLICY, SECURITY_POLICY),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn route<B>(pages: &Pages, request: &Request<B>) -> Result<Route, Refused> {
    let uri = request.uri();
    let name = uri.path().strip_prefix(pages.path());
    let name = name.ok_or(Refused::Route(NoRoute::Unknown))?;
    let route = Route::find(request.method(), name, uri.query()).map_err(Refused::Route)?;
    if route.controls() {
        Guard::check_control(request.headers(), &pages.0.token).map_err(Refused::Sender)?;
    }
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    match route.content_type().filter(|content_type| !accepts(accept, content_type)) {
        Some(content_type) => Err(Refused::Type(content_type)),
        None => Ok(route),
    }
}

/// # Errors
///
/// When the client is another user.
#[cfg(unix)]
pub(crate) fn check_user(source: &Source) -> Result<(), Refusal> {
    const ROOT: u32 = 0;
    let own = rustix::process::geteuid().as_raw();
    match source {
        Source::Unix(user) if *user != Some(own) && *user != Some(ROOT) => Err(Refusal::User),
        _ => Ok(()),
    }
}

/// # Errors
///
/// Never: no client of Windows has a user id.
#[cfg(windows)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn check_user(_source: &Source) -> Result<(), Refusal> {
    Ok(())
}

fn content<B>(pages: &Pages, route: &Route, request: &Request<B>) -> Response<Content> {
    let shared = &pages.0;
    let json = |json: serde_json::Result<String>| match json {
        Ok(json) => Response::new(json.into()),
        Err(err) => text(StatusCode::INTERNAL_SERVER_ERROR, &err.to_string()),
    };
    match route {
        Route::Script => asset(SCRIPT, request.headers()),
        Route::Worker => asset(WORKER, request.headers()),
        Route::Events if *request.method() == Method::HEAD => Response::new(Content::empty()),
        Route::Events => Response::new(shared.streams.open()),
        Route::State => json(serde_json::to_string(&shared.live.for_pages())),
        Route::Token => json(serde_json::to_string(&json!({ "token": shared.token }))),
        Route::Open(target) => open(pages, target),
        Route::Restart => control(pages, Control::Restart),
        Route::Stop => control(pages, Control::Stop),
    }
}

fn control(pages: &Pages, control: Control) -> Response<Content> {
    match pages.0.controls.send(control) {
        Ok(()) => empty(StatusCode::ACCEPTED),
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "the session ends"),
    }
}

fn open(pages: &Pages, target: &Target) -> Response<Content> {
    let Some(editor) = &pages.0.editor else {
        return text(StatusCode::NOT_FOUND, "no command opens the editor; see --editor");
    };
    match editor.open(Path::new(&target.path), target.line, target.column) {
        Ok(()) => empty(StatusCode::ACCEPTED),
        Err(NotOpened::Missing) => text(StatusCode::NOT_FOUND, "there is no such file"),
        Err(NotOpened::Outside) => {
            text(StatusCode::FORBIDDEN, "only files of the workspace are opened")
        }
        Err(NotOpened::Busy) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "many commands that open the editor still run")
        }
        Err(NotOpened::Failed(err)) => {
            let program = escaped(editor.program());
            let why = format!("cannot run {program}, the command of --editor: {err}");
            text(StatusCode::INTERNAL_SERVER_ERROR, &why)
        }
    }
}

fn asset(asset: Asset, headers: &HeaderMap) -> Response<Content> {
    let known = single(headers, IF_NONE_MATCH.as_str()).ok().flatten();
    let mut response = match asset.is_known(known) {
        true => empty(StatusCode::NOT_MODIFIED),
        false => Response::new(asset.content.into()),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // It is made of letters that a header may have.
    if let Ok(tag) = HeaderValue::from_str(&asset.tag()) {
        headers.insert(ETAG, tag);
    }
    response
}

fn refusal(refused: Refused) -> Response<Content> {
    match refused {
        Refused::Sender(refusal) => text(refusal.status(), &refusal.to_string()),
        Refused::Route(NoRoute::Unknown) => text(StatusCode::NOT_FOUND, "there is nothing here"),
        Refused::Route(NoRoute::Malformed(why)) => text(StatusCode::BAD_REQUEST, why),
        Refused::Route(NoRoute::Method(allowed)) => {
            let why = format!("the methods here are {allowed}");
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, &why);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            response
        }
        Refused::Type(content_type) => {
            text(StatusCode::NOT_ACCEPTABLE, &format!("the answer is {content_type}"))
        }
    }
}

fn empty(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::empty());
    *response.status_mut() = status;
    response
}

fn text(status: StatusCode, why: &str) -> Response<Content> {
    let mut response = Response::new(format!("cargo devserver: {why}\n").into());
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
