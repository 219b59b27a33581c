//! What a request is told while no program can run: 503, and why, in the format that it wants.
//!
//! `format` is that format, `navigation` says which requests are for a page, and `head` looks at a
//! request that stays unread.

mod format;
pub(super) mod head;
mod navigation;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Request, Response, StatusCode};

use super::recipient::Shared;
use crate::page::clock;
use crate::page::document::{self, Document};
use crate::page::guard::{Refusal, is_read, single};
use crate::page::random;
use crate::page::serve::{Pages, Source, check_user};
use crate::page::state::{BuildProgress, PageState};
use format::Format;

/// An answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// The answer to a request.
pub(super) fn answer<B>(request: &Request<B>, source: &Source, shared: &Shared) -> Answer {
    let is_shown = is_typed_or_linked(request.headers());
    let checked = check_user(source).and_then(|()| shared.guard.check_reader(request, is_shown));
    let accept = request.headers().get("accept").and_then(|accept| accept.to_str().ok());
    let formatted = match (checked, Format::wanted(accept)) {
        (Err(refusal), _) => Some(refused(&refusal)),
        (Ok(()), Format::Html) => html(request, shared),
        (Ok(()), Format::Json) => json(shared),
        (Ok(()), Format::Text) => None,
    };
    formatted.unwrap_or_else(|| plain(shared))
}

/// Whether the browser shows the answer to a person, and no page can read it.
fn is_typed_or_linked(headers: &HeaderMap) -> bool {
    let is = |name, value| single(headers, name).is_ok_and(|found| found == Some(value));
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// Nothing of the session, but what to do about it.
fn refused(refusal: &Refusal) -> Answer {
    let status = match refusal {
        Refusal::Malformed(_) => refusal.status(),
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut text = format!("cargo devserver: the program does not run; {refusal}\n");
    if matches!(refusal, Refusal::Host(_)) {
        text.push_str("In Cargo.toml, the key is allowed-hosts.\n");
    }
    with_status(status, "text/plain; charset=utf-8", text.into())
}

fn plain(shared: &Shared) -> Answer {
    let text = shared.reason.text().unwrap_or_else(|| match shared.is_building() {
        true => shared.live.read(building),
        false => "cargo devserver: the program has just been built; ask again\n".into(),
    });
    unavailable("text/plain; charset=utf-8", text)
}

fn building(state: &PageState) -> Bytes {
    let total = |build: &BuildProgress| Some((build.done, build.total?));
    let done = match state.build.as_ref().and_then(total) {
        Some((done, total)) => format!(" ({} of {total} crates)", done.min(total)),
        None => String::new(),
    };
    format!("cargo devserver: the program is being built{done}; ask again\n").into()
}

fn json(shared: &Shared) -> Option<Answer> {
    let state = shared.live.read(serde_json::to_vec).ok()?;
    Some(unavailable("application/json", state.into()))
}

fn html<B>(request: &Request<B>, shared: &Shared) -> Option<Answer> {
    let nonce = random::text::<16>().ok()?;
    let text = shared.reason.text().unwrap_or_default();
    let document = Document {
        // As pages are told later, so that links lead to the same places from the beginning.
        state: &shared.live.for_pages(),
        is_building: shared.is_building(),
        text: std::str::from_utf8(&text).unwrap_or_default(),
        path: shared.pages.as_ref().map(Pages::path),
        method: (!is_read(request.method())).then(|| request.method().as_str()),
        nonce: &nonce,
        now: clock::now(),
    };
    let mut answer = unavailable("text/html; charset=utf-8", document.to_html().into());
    let policy = HeaderValue::try_from(document::security_policy(&nonce)).ok()?;
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    answer.headers_mut().insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    Some(answer)
}

fn unavailable(content_type: &'static str, body: Bytes) -> Answer {
    with_status(StatusCode::SERVICE_UNAVAILABLE, content_type, body)
}

fn with_status(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    const HEADERS: [(HeaderName, &str); 4] = [
        (CACHE_CONTROL, "no-store"),
        (RETRY_AFTER, "1"),
        (VARY, "Accept"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use hyper::body::Body;

    use super::*;
    use crate::page::editor::paths::PathMap;
    use crate::page::guard::Guard;
    use crate::page::live::Live;
    use crate::page::state::{Editor, Panic, Place, Problem, ProblemKind};

    #[test]
    fn the_links_of_a_page_lead_to_the_paths_of_the_editor() {
        let place = Place { file: "a.rs".into(), path: "/app/a.rs".into(), line: 1, column: 1 };
        let panic = Panic {
            number: 1,
            thread: "main".into(),
            message: "no database".into(),
            place: Some(place),
            frame: None,
            at: 0,
        };
        let problem = Problem {
            kind: ProblemKind::Crash,
            title: "no database".into(),
            since: 0,
            diagnostics: Vec::new(),
            errors: 0,
            panic: Some(panic),
            status: None,
            text: String::new(),
            hint: None,
        };
        let editor = Editor::Url { template: "zed://file{path}".into() };
        let state = PageState { problem: Some(problem), editor, ..PageState::default() };
        let paths = PathMap::parse(&["/app=/home/me/app".to_owned()]).unwrap();
        let live = Live::new(state).with_paths(paths);
        let shared = Shared::new(live, Guard::new(&[]), None, Duration::ZERO, false);
        let request = Request::get("/")
            .header("host", "localhost")
            .header("accept", "text/html")
            .body(())
            .unwrap();
        let body = answer(&request, &Source::Tcp, &shared).into_body();
        let frame = pin!(body).poll_frame(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Some(Ok(frame))) = frame else { panic!("{frame:?}") };
        let page = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
        assert!(page.contains("zed://file/home/me/app/a.rs"), "{page}");
        assert!(!page.contains("\"/app/a.rs"), "{page}");
    }
}
