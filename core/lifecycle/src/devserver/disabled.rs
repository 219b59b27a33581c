//! The counterpart of `mod.rs` in a build that has no part in `cargo devserver`: the same names, and no code.
//! No value of these types can exist, so the compiler removes what the adapters would do with one. (It does not
//! see that at compile time, because the field is private: it would warn of code that is never reached.)

use std::convert::Infallible;
use std::io;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};

use listenfd_core::Peer;

use crate::DrainToken;

/// The `cargo devserver` that runs this process.
#[derive(Debug)]
pub struct Devserver(Infallible);

/// A request that is relayed.
#[derive(Debug)]
pub struct RelayRequest(Infallible);

/// An answer of `cargo devserver`.
#[derive(Debug)]
pub struct Relayed {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: RelayedBody,
    /// Whether the body has no known end.
    pub is_stream: bool,
}

/// The body of an answer.
#[derive(Debug)]
pub struct RelayedBody(Infallible);

/// A request for a page.
#[derive(Debug)]
pub struct Document(Infallible);

/// What to do with a response.
#[derive(Debug)]
pub struct Insertion(Infallible);

/// Inserts the tag into one body.
#[derive(Debug)]
pub struct Inserter(Infallible);

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The host and the port in the request's URI.
    pub authority: Option<&'a str>,
}

impl Devserver {
    /// None.
    #[must_use]
    #[inline(always)]
    pub fn of_this_process() -> Option<&'static Self> {
        None
    }

    /// The reserved path.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.0 {}
    }

    /// Whether a request for this path is one of our script.
    #[must_use]
    pub fn is_own(&self, _path: &str) -> bool {
        match self.0 {}
    }

    /// How many bytes of a head to look at.
    pub const LOOK: usize = 0;

    /// Whether these bytes begin the head of a request of our script.
    #[must_use]
    pub fn begins_own_head(&self, _bytes: &[u8]) -> bool {
        match self.0 {}
    }

    /// Gives a connection away.
    ///
    /// # Errors
    ///
    /// Never.
    #[cfg(unix)]
    pub fn give(&self, _connection: BorrowedFd<'_>, _read: &[u8]) -> io::Result<()> {
        match self.0 {}
    }

    /// A request to be relayed.
    #[must_use]
    pub fn relay_request<'h>(
        &self,
        _line: RequestLine<'_>,
        _query: Option<&str>,
        _headers: impl Iterator<Item = (&'h str, &'h [u8])>,
        _peer: &Peer,
    ) -> RelayRequest {
        match self.0 {}
    }

    /// Asks `cargo devserver`.
    pub async fn relay(&'static self, _request: RelayRequest, _drain: DrainToken) -> Relayed {
        match self.0 {}
    }

    /// The request as one for a page.
    pub fn document<'h>(
        &'static self,
        _line: RequestLine<'_>,
        _header: impl Fn(&'static str) -> Option<&'h str>,
    ) -> Option<Document> {
        match self.0 {}
    }
}

impl Document {
    /// No header.
    pub const STRIPPED: &'static [&'static str] = &[];

    /// What to do with the response.
    pub fn insertion<'h>(
        &self,
        _status: u16,
        _values: impl Fn(&'static str) -> Vec<&'h [u8]>,
    ) -> Option<Insertion> {
        match self.0 {}
    }
}

impl Insertion {
    /// No header.
    pub const REMOVED: &'static [&'static str] = &[];

    /// Headers to replace.
    pub fn replaced(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        std::iter::empty()
    }

    /// Inserts the tag into the body.
    #[must_use]
    pub fn inserter(self) -> Inserter {
        match self.0 {}
    }
}

impl Inserter {
    /// Whether all further chunks pass unchanged.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self.0 {}
    }

    /// Takes the next chunk of the body.
    #[must_use]
    pub fn push(&mut self, _chunk: &[u8]) -> Option<Vec<u8>> {
        match self.0 {}
    }

    /// Takes the end of the body.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        match self.0 {}
    }
}

impl RelayedBody {
    /// The next bytes.
    pub fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Option<io::Result<Vec<u8>>>> {
        match self.0 {}
    }

    /// Whether all was passed on.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self.0 {}
    }
}
