//! The code of the README and of `docs/` is compiled as doctests.
//!
//! `tests/docs.rs` checks what is not Rust: options, settings, links.

#[doc = include_str!("../../README.md")]
struct Readme;
