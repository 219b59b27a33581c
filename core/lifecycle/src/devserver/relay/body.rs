//! The body of an answer, as it comes.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::stream::Stream;
use crate::DrainToken;

/// The body of an answer, as it comes.
pub struct RelayedBody {
    /// What was read together with the head.
    read: Vec<u8>,
    /// What is still to come.
    rest: Option<Rest>,
}

struct Rest {
    stream: Stream,
    /// How many bytes are to come; `None` for all until the end of the stream.
    length: Option<u64>,
    /// Ends when the server drains. `None` for a body that does not end then.
    drained: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl RelayedBody {
    pub(super) fn new(
        mut read: Vec<u8>,
        stream: Stream,
        mut length: Option<u64>,
        drain: Option<DrainToken>,
    ) -> Self {
        cut(&mut read, &mut length);
        let drained = drain.map(|drain| Box::pin(drain.draining()) as _);
        RelayedBody { read, rest: Some(Rest { stream, length, drained }) }
    }

    pub(super) fn of_text(text: String) -> Self {
        RelayedBody { read: text.into(), rest: None }
    }

    /// The next bytes; `None` at the end.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Vec<u8>>>> {
        if !self.read.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.read))));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let chunk = ready!(rest.poll_chunk(cx));
        if !matches!(chunk, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(chunk)
    }

    /// Whether all was passed on.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.read.is_empty() && self.rest.is_none()
    }
}

impl Rest {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Vec<u8>>>> {
        if self.length == Some(0) {
            return Poll::Ready(None);
        }
        let mut bytes = [MaybeUninit::uninit(); 8 << 10];
        let mut buf = ReadBuf::uninit(&mut bytes);
        match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(err)) => return Poll::Ready(Some(Err(err))),
            Poll::Pending => {
                let drained = self.drained.as_mut().map(|drained| drained.as_mut().poll(cx));
                return match drained {
                    Some(Poll::Ready(())) => Poll::Ready(None),
                    _ => Poll::Pending,
                };
            }
        }
        let mut chunk = buf.filled().to_vec();
        cut(&mut chunk, &mut self.length);
        Poll::Ready(match (chunk.is_empty(), self.length) {
            (false, _) => Some(Ok(chunk)),
            (true, None) => None,
            (true, Some(_)) => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }
}

/// Cuts bytes that do not belong to the body, and counts the others.
fn cut(bytes: &mut Vec<u8>, length: &mut Option<u64>) {
    if let Some(length) = length {
        bytes.truncate(usize::try_from(*length).unwrap_or(usize::MAX));
        *length -= bytes.len() as u64;
    }
}

impl fmt::Debug for RelayedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayedBody").field("is_end", &self.is_end()).finish_non_exhaustive()
    }
}
