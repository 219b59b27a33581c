//! The program's part in the pages of `cargo devserver`: its script in each page, and the way of the
//! script's requests.
//!
//! Only builds with `debug_assertions` or the feature `devserver` have it. In all others, `disabled.rs` has
//! the same names, and no code: nothing can make a value of its types. This crate alone decides, because
//! one package may be built with other profile settings than the next.
//!
//! It knows neither hyper nor actix-web, whose types for a request differ: they give it text and bytes.
//! `document.rs` says which requests are those of a page, `insertion.rs` which responses get the script and
//! what becomes of their headers, `security_policy/` rewrites one of them, and `inserter/` changes the
//! body as it passes. The script's requests go to `cargo devserver` with their connection (`give.rs`, Unix
//! only), or without it (`relay/`).

mod announced;
mod document;
#[cfg(unix)]
mod give;
mod inserter;
mod insertion;
mod relay;
mod security_policy;
#[cfg(test)]
mod test_socket;

pub use announced::Devserver;
pub use document::{Document, RequestLine};
pub use inserter::Inserter;
pub use insertion::Insertion;
pub use relay::{RelayRequest, Relayed, RelayedBody};
