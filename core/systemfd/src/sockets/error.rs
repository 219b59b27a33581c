//! Why a socket could not be opened.

use std::fmt;

/// Why a socket could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The address cannot be bound.
    Bind(listenfd_core::Error),
    /// There is no such user or group.
    #[non_exhaustive]
    NoSuchOwner {
        /// `user` or `group`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Windows does not have it.
    #[cfg(windows)]
    #[non_exhaustive]
    NotOffered {
        /// The option.
        option: &'static str,
        /// Why, and what to do.
        reason: &'static str,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Bind(err) => err.fmt(f),
            OpenError::NoSuchOwner { what, name } => {
                write!(f, "there is no {what} {name:?} on this system; use one, or a number")
            }
            #[cfg(windows)]
            OpenError::NotOffered { option, reason } => {
                write!(f, "{option} is not offered on Windows: {reason}")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Bind(err) => err.source(),
            OpenError::NoSuchOwner { .. } => None,
            #[cfg(windows)]
            OpenError::NotOffered { .. } => None,
        }
    }
}
