//! The socket by which commands reach a running `cargo devserver`, and these commands: `status`,
//! `wait`, `restart` and `stop`.
//!
//! `place` is the folder with the sockets. `protocol` is what is said over one, and `status` what a
//! devserver tells of itself. `server` is its end: it passes each request on to the session, which
//! answers; `socket` is between the two. `commands` runs a command: `find` selects the devserver,
//! `client` asks it, and `text` shows the answer to people.

pub(crate) mod commands;

mod client;
mod find;
mod text;

pub(crate) mod server;
pub(crate) mod socket;

pub(crate) mod place;
pub(crate) mod protocol;
pub(crate) mod status;
