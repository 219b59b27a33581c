//! The body of a response: the application's, the same with the script, or one that is relayed.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::HeaderMap;
use hyper::body::{Body, Buf, Frame, SizeHint};
use listenfd_lifecycle::internal::devserver::{Inserter, RelayedBody};
use pin_project_lite::pin_project;

use super::chunk::Chunk;
use crate::bounds::BoxError;

pin_project! {
    /// The body of a response.
    #[project = Projected]
    pub(crate) enum PageBody<B> {
        App { #[pin] body: B },
        Inserting { #[pin] body: Inserting<B> },
        Relayed { body: RelayedBody },
    }
}

pin_project! {
    /// The application's body, into which the script is inserted.
    #[project = InsertingProjected]
    pub(crate) struct Inserting<B> {
        #[pin]
        body: B,
        inserter: Inserter,
        // The data has ended.
        is_end: bool,
        // They come behind what the inserter has held back.
        trailers: Option<HeaderMap>,
    }
}

type Piece<D> = Result<Frame<Chunk<D>>, BoxError>;

impl<B> PageBody<B> {
    pub(crate) fn of_app(body: B) -> Self {
        PageBody::App { body }
    }

    pub(crate) fn inserting(body: B, inserter: Inserter) -> Self {
        PageBody::Inserting { body: Inserting { body, inserter, is_end: false, trailers: None } }
    }
}

impl<B> Body for PageBody<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = Chunk<B::Data>;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Piece<B::Data>>> {
        match self.project() {
            Projected::App { body } => {
                let frame = ready!(body.poll_frame(cx));
                Poll::Ready(frame.map(|frame| match frame {
                    Ok(frame) => Ok(frame.map_data(Chunk::App)),
                    Err(err) => Err(err.into()),
                }))
            }
            Projected::Inserting { body } => body.project().poll_frame(cx),
            Projected::Relayed { body } => {
                let chunk = ready!(body.poll_chunk(cx));
                Poll::Ready(chunk.map(|chunk| match chunk {
                    Ok(chunk) => Ok(Frame::data(chunk.into())),
                    Err(err) => Err(err.into()),
                }))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            PageBody::App { body } => body.is_end_stream(),
            // The script may come even into an empty one.
            PageBody::Inserting { .. } => false,
            PageBody::Relayed { body } => body.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            PageBody::App { body } => body.size_hint(),
            PageBody::Inserting { .. } | PageBody::Relayed { .. } => SizeHint::default(),
        }
    }
}

impl<B> InsertingProjected<'_, B>
where
    B: Body<Error: Into<BoxError>>,
{
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece<B::Data>>> {
        loop {
            if *self.is_end {
                return Poll::Ready(
                    self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))),
                );
            }
            match ready!(self.body.as_mut().poll_frame(cx)).map(|frame| frame.map(Frame::into_data))
            {
                Some(Ok(Ok(data))) => {
                    if let Some(chunk) = insert(self.inserter, data) {
                        return Poll::Ready(Some(Ok(Frame::data(chunk))));
                    }
                    // All of it is held back.
                    continue;
                }
                Some(Ok(Err(other))) => *self.trailers = other.into_trailers().ok(),
                Some(Err(err)) => return Poll::Ready(Some(Err(err.into()))),
                None => {}
            }
            *self.is_end = true;
            let held = self.inserter.finish();
            if !held.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(held.into()))));
            }
        }
    }
}

fn insert<D: Buf>(inserter: &mut Inserter, mut data: D) -> Option<Chunk<D>> {
    if inserter.is_done() {
        return Some(Chunk::App(data));
    }
    let bytes = data.copy_to_bytes(data.remaining());
    let passed = match inserter.push(&bytes) {
        Some(passed) => passed.into(),
        None => bytes,
    };
    (!passed.is_empty()).then_some(Chunk::Own(passed))
}
