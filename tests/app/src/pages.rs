//! Pages for the tests of `cargo devserver`, below `/pages/`: the same ones in each framework.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hyper::header::HeaderMap;
use hyper::{Method, Response, StatusCode};
use tokio::sync::Notify;

/// A request for one of the pages.
#[derive(Debug)]
pub(super) struct PageRequest {
    /// What follows `/pages/` in the path.
    pub(super) name: String,
    /// The method.
    pub(super) method: String,
    /// All headers, with their names in lower case.
    pub(super) headers: Vec<(String, String)>,
}

/// A body.
pub(super) enum PageBody {
    /// One whose size is known.
    Whole(Vec<u8>),
    /// One that comes in chunks.
    Chunks(Chunks),
}

const POLICY: &str = "content-security-policy";

/// Chunks as they come.
type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send + Sync>>;

/// The start of each page, up to where the tag belongs.
pub const PAGE_START: &str = "<!doctype html>\n<html lang=en><head>";
/// The rest of a page.
pub const PAGE_REST: &str =
    "<meta charset=utf-8><title>page</title></head><body>page</body></html>\n";

/// Lets the second chunk of `streamed` go. There is one client.
static SECOND_CHUNK: Notify = Notify::const_new();

impl PageRequest {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A request as hyper has it.
    #[must_use]
    pub(super) fn new(name: &str, method: &Method, headers: &HeaderMap) -> Self {
        let headers = headers.iter();
        PageRequest {
            name: name.into(),
            method: method.to_string(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
        }
    }

    /// Answers it.
    #[must_use]
    pub(super) fn answer(&self) -> Response<PageBody> {
        let page = html(PAGE_START.to_owned() + PAGE_REST);
        match self.name.as_str() {
            "plain" => self.cached(page.with("etag", "\"1\"").with("accept-ranges", "bytes")),
            "compressed" => self.compressed(page),
            "streamed" => page.map(|_| PageBody::Chunks(streamed())),
            "go-on" => {
                SECOND_CHUNK.notify_one();
                html("gone on".into()).with("content-type", "text/plain")
            }
            "request" => html(PAGE_START.to_owned() + &self.text()),
            "error" => page.status(500),
            "redirect" => page.status(303).with("location", "plain"),
            "fragment" => html("<p>no head</p>".into()),
            "nothing" => html(String::new()),
            "wide" => html("a".into()).with("content-type", "text/html; charset=utf-16"),
            "nonce" => page.with(POLICY, "script-src 'nonce-abc'; worker-src *"),
            "strict" => page.with(POLICY, "default-src https://cdn.example"),
            "sandbox" => page.with(POLICY, "sandbox allow-scripts"),
            "download" => page.with("content-disposition", "attachment; filename=\"page.html\""),
            "json" => page.with("content-type", "application/json"),
            _ => html("none".into()).status(404),
        }
    }

    /// As a server of files does it.
    fn cached(&self, page: Response<PageBody>) -> Response<PageBody> {
        if self.header("if-none-match").is_some() {
            return page.status(304).map(|_| PageBody::Whole(Vec::new()));
        }
        match self.header("range") {
            Some(_) => {
                let part = PageBody::Whole(PAGE_START.as_bytes()[..10].to_vec());
                page.status(206).with("content-range", "bytes 0-9/*").map(|_| part)
            }
            None => page,
        }
    }

    /// As a layer that compresses does it; the tests do not read what is compressed.
    fn compressed(&self, page: Response<PageBody>) -> Response<PageBody> {
        let accepted = self.header("accept-encoding").unwrap_or_default();
        match ["br", "gzip"].iter().find(|encoding| accepted.contains(**encoding)) {
            Some(encoding) => page
                .with("content-encoding", encoding)
                .map(|_| PageBody::Whole(b"compressed".to_vec())),
            None => page,
        }
    }

    /// What the application sees of the request.
    fn text(&self) -> String {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        headers.sort();
        format!("{} {}\n{}", self.method, self.name, headers.concat())
    }
}

trait With: Sized {
    fn with(self, name: &'static str, value: &str) -> Self;
    fn status(self, status: u16) -> Self;
}

impl With for Response<PageBody> {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    fn status(mut self, status: u16) -> Self {
        *self.status_mut() = StatusCode::from_u16(status).unwrap();
        self
    }
}

fn html(body: String) -> Response<PageBody> {
    let page = Response::new(PageBody::Whole(body.into()));
    page.with("content-type", "text/html; charset=utf-8")
}

/// Two chunks, split in the middle of `<head>`. The second one waits for a request of `go-on`.
fn streamed() -> Chunks {
    let split = PAGE_START.len() - 3;
    let first = stream::iter([Ok(Bytes::from(&PAGE_START[..split]))]);
    let second = stream::once(async move {
        SECOND_CHUNK.notified().await;
        Ok(Bytes::from([&PAGE_START[split..], PAGE_REST].concat()))
    });
    Box::pin(first.chain(second))
}
