//! The output of cargo, as it comes.
//!
//! `messages` reads its stdout, `progress` its stderr. `diagnostics` has the compiler's messages as
//! values, with `sgr` for their colors; `count` how many crates are done, with `bar` for cargo's
//! progress bar. `kept_text` bounds what is kept as text.

pub(crate) mod bar;
pub(crate) mod count;
pub(crate) mod diagnostics;
pub(crate) mod kept_text;
pub(crate) mod messages;
pub(crate) mod progress;
pub(crate) mod sgr;
