//! The output of the program, as it comes.
//!
//! `streams` reads it. `lines` are its lines as text, `level` says how serious each of them is, and
//! `rate` bounds their number. `panics` finds panics in them, by `panic_text`, which knows how a
//! panic and its backtrace are written.

mod level;
mod lines;
pub(crate) mod panic_text;
mod panics;
mod rate;
pub(crate) mod streams;
