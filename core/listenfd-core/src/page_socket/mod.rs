//! The socket at which `cargo devserver` takes the connections of its pages, and what goes over it.
//!
//! A page's event stream is a connection of `cargo devserver` and not of the program: the program gives
//! away each connection on which the reserved path is requested. [`VARIABLE`] tells it the path and the
//! socket.
//!
//! Each connection to the socket carries one message, whose first byte is its kind:
//!
//! | kind | then |
//! |---|---|
//! | `G` give | the connection, as the one descriptor that comes with this byte, and the bytes already read from it, to the end of the stream |
//! | `R` relay | the user id of the client, or `-` if it is no Unix client, a line feed, and the head of an HTTP/1.0 request; the answer comes back |
//! | `N` note | text for the terminal, to the end of the stream |
//!
//! On Windows, the token of the announcement and a line feed come before it, there is no `G`, and no client has
//! a user id.
//!
//! `announcement.rs` is the variable. `unix/` and `windows/` have the side of a program (`send.rs`) and that of
//! `cargo devserver` (`receive.rs`). What is relayed is HTTP, and not here.

mod announcement;
#[cfg(unix)]
#[path = "unix/mod.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod platform;

pub use announcement::{Announcement, VARIABLE, is_valid_path};
#[cfg(unix)]
pub use platform::{First, MAX_READ, Place, give, note, open_relay, receive_first};
#[cfg(windows)]
pub use platform::{First, Place, first, note, relay_preface};
use platform::{parse_place, place_value};

/// The length of a note in bytes.
pub const MAX_NOTE: usize = 4096;

/// The first bytes of messages.
#[cfg(unix)]
const GIVE: u8 = b'G';
const RELAY: u8 = b'R';
const NOTE: u8 = b'N';

/// The beginning of a note's text, as far as it is sent.
fn cut(text: &str) -> &str {
    let mut length = text.len().min(MAX_NOTE);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    &text[..length]
}
