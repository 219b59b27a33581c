//! A generated workspace that is edited at random, and the same sources built by plain cargo.
//!
//! - `sources`: its files, made from a few numbers
//! - `edits`: the kinds of edits, in random order
//! - `workspace`: the files on disk; each edit writes only those that differ
//! - `reference`: a copy of them, which plain cargo builds

mod edits;
mod reference;
mod sources;
mod workspace;

pub use edits::{Deck, Edit};
pub use reference::Reference;
pub use workspace::Workspace;
