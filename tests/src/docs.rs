//! The code of the README and of `docs/` is compiled as doctests.
//!
//! `tests/docs.rs` and `tests/docs_links.rs` check the rest: options, settings, output, links.

#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../../docs/frameworks.md")]
struct Frameworks;

#[doc = include_str!("../../docs/getting-started.md")]
struct GettingStarted;

#[doc = include_str!("../../docs/migrating.md")]
struct Migrating;
