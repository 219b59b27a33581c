//! A Unix socket: connections can be given over it.

mod receive;
mod send;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use receive::{First, receive_first};
pub use send::{MAX_READ, give, note, open_relay};

/// Where the page socket is: its absolute path.
pub type Place = PathBuf;

/// The text of a place in the variable.
pub(super) fn place_value(place: &Place) -> OsString {
    place.into()
}

/// The place in the variable.
pub(super) fn parse_place(value: &[u8]) -> Option<Place> {
    let path = Path::new(OsStr::from_bytes(value));
    path.is_absolute().then(|| path.into())
}
