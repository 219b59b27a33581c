//! A request for a page, and its response with the script.

use actix_http::body::{BodySize, MessageBody};
use actix_http::{ConnectionType, HttpMessage, Request, Response};
use actix_web::http::Version;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use listenfd_lifecycle::internal::devserver::{Devserver, Document, Inserter, Insertion};

use super::relay::request_line;

/// A request for a page.
#[derive(Debug)]
pub(crate) struct Page {
    document: Document,
    version: Version,
}

/// The request as one for a page, if it is one. It loses the headers that would keep the script out.
pub(crate) fn of_request(devserver: &'static Devserver, request: &mut Request) -> Option<Page> {
    let header = |name| request.headers().get(name)?.to_str().ok();
    let document = devserver.document(request_line(request.head()), header)?;
    let version = request.head().version;
    for name in Document::STRIPPED {
        request.headers_mut().remove(*name);
    }
    Some(Page { document, version })
}

impl Page {
    /// Changes the response's head, if it gets the script, and returns what inserts it into the body.
    pub(crate) fn change<B: MessageBody>(&self, response: &mut Response<B>) -> Option<Inserter> {
        if matches!(response.body().size(), BodySize::None | BodySize::Sized(0)) {
            return None;
        }
        let values = |name| {
            let values = response.headers().get_all(name);
            values.map(HeaderValue::as_bytes).collect()
        };
        let insertion = self.document.insertion(response.status().as_u16(), values)?;
        change_headers(&insertion, response.headers_mut());
        // The length is not known any more. actix-web sends chunks even to clients of HTTP/1.0.
        let is_old = self.version < Version::HTTP_11;
        response.head_mut().no_chunking(is_old);
        if is_old {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        Some(insertion.inserter())
    }
}

fn change_headers(insertion: &Insertion, headers: &mut HeaderMap) {
    for name in Insertion::REMOVED {
        headers.remove(*name);
    }
    for (name, values) in insertion.replaced() {
        let name = HeaderName::from_static(name);
        headers.remove(&name);
        for value in values {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name.clone(), value);
            }
        }
    }
}
