//! The counterpart of `mod.rs` in a build that has no part in `cargo devserver`: the same names, and no code.
//! No value of these types can exist, so the compiler removes what the adapters would do with one.

/// The `cargo devserver` that runs this process.
#[derive(Debug)]
pub enum Devserver {}

/// A request for a page.
#[derive(Debug)]
pub enum Document {}

/// What to do with a response.
#[derive(Debug)]
pub enum Insertion {}

/// Inserts the tag into one body.
#[derive(Debug)]
pub enum Inserter {}

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
        match *self {}
    }

    /// Whether a request for this path is one of our script.
    #[must_use]
    pub fn is_own(&self, _path: &str) -> bool {
        match *self {}
    }

    /// The request as one for a page.
    pub fn document<'h>(
        &'static self,
        _line: RequestLine<'_>,
        _header: impl Fn(&'static str) -> Option<&'h str>,
    ) -> Option<Document> {
        match *self {}
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
        match *self {}
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
        match self {}
    }
}

impl Inserter {
    /// Whether all further chunks pass unchanged.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match *self {}
    }

    /// Takes the next chunk of the body.
    #[must_use]
    pub fn push(&mut self, _chunk: &[u8]) -> Option<Vec<u8>> {
        match *self {}
    }

    /// Takes the end of the body.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        match *self {}
    }
}
