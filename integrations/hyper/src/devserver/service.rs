//! Around the application's service: relays the requests of the script, and inserts it into pages.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode, Version};
use listenfd_lifecycle::ConnectionInfo;
use listenfd_lifecycle::internal::devserver::{
    Devserver, Document, Insertion, Relayed, RequestLine,
};
use pin_project_lite::pin_project;

use super::body::PageBody;
use crate::bounds::BoxError;

/// The application's service, with the pages of `cargo devserver` around it.
#[derive(Debug)]
pub(crate) struct WithPages<S> {
    service: S,
    pages: Option<Pages>,
}

#[derive(Debug)]
struct Pages {
    devserver: &'static Devserver,
    info: ConnectionInfo,
}

pub(crate) fn with_pages<S>(service: S, info: &ConnectionInfo) -> WithPages<S> {
    let devserver = Devserver::of_this_process();
    let pages = devserver.map(|devserver| Pages { devserver, info: info.clone() });
    WithPages { service, pages }
}

impl<S, B> Service<Request<Incoming>> for WithPages<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    B: Body<Error: Into<BoxError>>,
{
    type Response = Response<PageBody<B>>;
    type Error = S::Error;
    type Future = PageFuture<S::Future>;

    #[inline]
    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let Some(pages) = &self.pages else {
            return PageFuture::App { response: self.service.call(request), document: None };
        };
        if pages.devserver.is_own(request.uri().path()) {
            return pages.relay(&request);
        }
        let document = pages.document(&request);
        if document.is_some() {
            for name in Document::STRIPPED {
                request.headers_mut().remove(*name);
            }
        }
        PageFuture::App { response: self.service.call(request), document }
    }
}

impl Pages {
    fn document(&self, request: &Request<Incoming>) -> Option<Document> {
        let headers = request.headers();
        let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        self.devserver.document(line(request), header)
    }

    fn relay<F>(&self, request: &Request<Incoming>) -> PageFuture<F> {
        let headers =
            request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let query = request.uri().query();
        let relayed = self.devserver.relay_request(line(request), query, headers, self.info.peer());
        let relayed = self.devserver.relay(relayed, self.info.drain_token().clone());
        PageFuture::Relay { relayed: Box::pin(relayed), version: request.version() }
    }
}

fn line(request: &Request<Incoming>) -> RequestLine<'_> {
    RequestLine {
        method: request.method().as_str(),
        path: request.uri().path(),
        authority: request.uri().authority().map(|authority| authority.as_str()),
    }
}

pin_project! {
    /// The response to come.
    #[project = Projected]
    pub(crate) enum PageFuture<F> {
        App { #[pin] response: F, document: Option<Document> },
        Relay { relayed: Pin<Box<dyn Future<Output = Relayed> + Send>>, version: Version },
    }
}

impl<F, B, E> Future for PageFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<PageBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::App { response, document } => {
                let response = ready!(response.poll(cx))?;
                Poll::Ready(Ok(match document.take() {
                    Some(document) => insert(&document, response),
                    None => response.map(PageBody::of_app),
                }))
            }
            Projected::Relay { relayed, version } => {
                let relayed = ready!(relayed.as_mut().poll(cx));
                Poll::Ready(Ok(response(relayed, *version)))
            }
        }
    }
}

/// The response with the script, if it is a page.
fn insert<B: Body>(document: &Document, response: Response<B>) -> Response<PageBody<B>> {
    // It stays empty, so its length stays known.
    if response.body().is_end_stream() {
        return response.map(PageBody::of_app);
    }
    let (mut head, body) = response.into_parts();
    let values = |name| head.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    let Some(insertion) = document.insertion(head.status.as_u16(), values) else {
        return Response::from_parts(head, PageBody::of_app(body));
    };
    for name in Insertion::REMOVED {
        head.headers.remove(*name);
    }
    for (name, values) in insertion.replaced() {
        head.headers.remove(name);
        for value in values {
            append(&mut head.headers, name, value.as_bytes());
        }
    }
    Response::from_parts(head, PageBody::inserting(body, insertion.inserter()))
}

fn response<B>(relayed: Relayed, version: Version) -> Response<PageBody<B>> {
    let is_stream = relayed.is_stream;
    let mut response = Response::new(PageBody::Relayed { body: relayed.body });
    *response.status_mut() =
        StatusCode::from_u16(relayed.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &relayed.headers {
        append(response.headers_mut(), name, value);
    }
    if is_stream {
        response.extensions_mut().insert(RelayedStream);
    }
    // It ends when the server drains. The connection then ends at once, and not after the grace for one more
    // request.
    if is_stream && version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// In the extensions of a response: it ends when the server drains.
#[derive(Clone, Copy, Debug)]
struct RelayedStream;

/// Whether the response is relayed, and ends when the server drains.
#[inline]
pub(crate) fn is_relayed_stream<B>(response: &Response<B>) -> bool {
    response.extensions().get::<RelayedStream>().is_some()
}

fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}
