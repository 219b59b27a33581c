//! The body of a response, which may get the script as it passes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use listenfd_lifecycle::internal::devserver::Inserter;
use pin_project_lite::pin_project;

pin_project! {
    /// A body with an inserter, or one that passes as it is.
    #[derive(Debug)]
    pub(crate) struct PageBody<B> {
        #[pin]
        body: B,
        inserter: Option<Inserter>,
        has_ended: bool,
    }
}

impl<B> PageBody<B> {
    pub(crate) fn new(body: B, inserter: Option<Inserter>) -> Self {
        PageBody { body, inserter, has_ended: false }
    }
}

impl<B: MessageBody> MessageBody for PageBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        match self.inserter {
            None => self.body.size(),
            Some(_) => BodySize::Stream,
        }
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let mut this = self.project();
        let Some(inserter) = this.inserter else { return this.body.poll_next(cx) };
        while !*this.has_ended {
            let chunk = match ready!(this.body.as_mut().poll_next(cx)) {
                Some(Ok(chunk)) => inserter.push(&chunk).map_or(chunk, Bytes::from),
                Some(Err(err)) => return Poll::Ready(Some(Err(err))),
                None => {
                    *this.has_ended = true;
                    inserter.finish().into()
                }
            };
            // An empty chunk would be the end.
            if !chunk.is_empty() {
                return Poll::Ready(Some(Ok(chunk)));
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use actix_http::body::{self, BoxBody};

    use super::*;

    #[test]
    fn without_an_inserter_a_body_keeps_its_size() {
        let body = PageBody::new(BoxBody::new("hello"), None);
        assert_eq!(body.size(), BodySize::Sized(5));
        assert_eq!(PageBody::new(body::None::new(), None).size(), BodySize::None);
    }
}
