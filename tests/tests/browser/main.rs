//! What a browser shows, in a real Chromium.
//!
//! - `harness`: the browser itself, as these tests drive it

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;
