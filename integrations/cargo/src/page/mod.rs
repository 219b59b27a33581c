//! What a browser gets from `cargo devserver`: the state of the session, live.

#![allow(dead_code, reason = "nothing fills it yet")]
mod authority;
pub(crate) mod document;
pub(crate) mod guard;
pub(crate) mod live;
pub(crate) mod random;
pub(crate) mod state;
