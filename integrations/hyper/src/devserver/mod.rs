//! The server's part in the pages of `cargo devserver`. What belongs into a page, and what goes over the page
//! socket, is in listenfd-lifecycle; here it meets hyper's types.
//!
//! `own_heads.rs` finds the connections that are given away, before HTTP reads a request from them;
//! `no_own_heads.rs` has its place on Windows, where they cannot be given away.
//! `service.rs` is around the application's service: it relays the script's requests on all other
//! connections, and inserts the script into pages (`body.rs`, `chunk.rs`).
//!
//! Builds without `debug_assertions` and without the feature `devserver` have `disabled.rs` instead.

mod body;
mod chunk;
#[cfg(unix)]
mod own_heads;
#[cfg(windows)]
#[path = "no_own_heads.rs"]
mod own_heads;
mod service;

pub(crate) use own_heads::OwnHeads;
pub(crate) use service::{is_relayed_stream, with_pages};
