//! Notices changed files and says what each change needs. Everything here happens in its own
//! thread.
//!
//! `thread` is the thread: it waits for hints and for the moment to look. `notifier` is the
//! system's hints, `search` looks at the files where they point, and `tree` is the files as they
//! were before, each with its `stamp`. `listing` lists a folder and asks what git ignores of it.
//! `rules` says what a change means, with the `patterns` of the settings (`globs`), and `changes`
//! is what the session is told.

pub(crate) mod thread;

mod notifier;
mod search;

mod listing;
mod stamp;
pub(crate) mod tree;

mod globs;
pub(crate) mod patterns;
pub(crate) mod rules;

pub(crate) mod changes;
