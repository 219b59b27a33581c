//! The paths that the tests request most, and their right answers.

/// A path of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `hello`, at once.
    Hello,
    /// `slow`, after 300 ms.
    Slow,
    /// A body of 20 chunks, one every 100 ms.
    Streamed,
}

/// A chunk of [`Path::Streamed`].
pub(crate) const CHUNK: &str = "0123456789abcdef";
/// The number of chunks of [`Path::Streamed`].
pub(crate) const CHUNKS: usize = 20;

impl Path {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Path::Hello => "/",
            Path::Slow => "/slow",
            Path::Streamed => "/streamed",
        }
    }

    pub(crate) fn is_answered_by(self, body: &[u8]) -> bool {
        match self {
            Path::Hello => body == b"hello",
            Path::Slow => body == b"slow",
            Path::Streamed => body == CHUNK.repeat(CHUNKS).as_bytes(),
        }
    }
}
