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
pub const CHUNK: &str = "0123456789abcdef";
/// The number of chunks of [`Path::Streamed`].
pub const CHUNKS: usize = 20;

impl Path {
    /// The path, as it is requested.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Path::Hello => "/",
            Path::Slow => "/slow",
            Path::Streamed => "/streamed",
        }
    }

    /// Whether this is the right body.
    #[must_use]
    pub fn is_answered_by(self, body: &[u8]) -> bool {
        match self {
            Path::Hello => body == b"hello",
            Path::Slow => body == b"slow",
            Path::Streamed => body == CHUNK.repeat(CHUNKS).as_bytes(),
        }
    }
}
