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
//! `announcement.rs` is the variable, `send.rs` the side of a program, `receive.rs` that of
//! `cargo devserver`. What is relayed is HTTP, and not here.

mod announcement;
mod receive;
mod send;
#[cfg(test)]
mod tests;

pub use announcement::{Announcement, VARIABLE, is_valid_path};
pub use receive::{First, receive_first};
pub use send::{MAX_NOTE, MAX_READ, give, note, open_relay};

/// The first bytes of messages.
const GIVE: u8 = b'G';
const RELAY: u8 = b'R';
const NOTE: u8 = b'N';
