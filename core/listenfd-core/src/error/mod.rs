//! What can go wrong, with texts that say what to do about it.
//!
//! `variants.rs` has one variant for each error, `messages.rs` their texts, and `holder.rs` the process that
//! is named when an address is in use.

mod holder;
mod messages;
mod variants;

pub use holder::Holder;
pub use variants::Error;
