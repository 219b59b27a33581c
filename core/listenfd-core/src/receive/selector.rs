//! Which of the handed sockets: by index or by name.

/// Which handed socket: its index from 0, or its entry in `LISTEN_FDNAMES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which<'a> {
    /// The index, from 0.
    Index(usize),
    /// The name.
    Name(&'a str),
}

impl From<usize> for Which<'_> {
    fn from(index: usize) -> Self {
        Which::Index(index)
    }
}

impl<'a> From<&'a str> for Which<'a> {
    fn from(name: &'a str) -> Self {
        Which::Name(name)
    }
}

impl<'a> From<&'a String> for Which<'a> {
    fn from(name: &'a String) -> Self {
        Which::Name(name)
    }
}
