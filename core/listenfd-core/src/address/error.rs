//! The error for a text that is not an address.

use std::fmt;

/// A text that is not an [`Address`](crate::Address).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    pub(super) text: String,
    pub(super) reason: String,
}

impl AddressError {
    pub(crate) fn empty_list() -> Self {
        let reason = "the list of addresses is empty; name one at least".to_owned();
        AddressError { text: String::new(), reason }
    }

    /// The mistake, and what to write instead. Quoted parts of the text are escaped.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {:?}: {}", self.text, self.reason)
    }
}

impl std::error::Error for AddressError {}
