//! From the listeners to connections. `listeners` accepts from all of them in turn, `accepted` prepares each
//! connection, `errors` says which failures concern one connection only, and `leftover` accepts the
//! connections that are in a listener's queue when it closes.
//!
//! On Windows, an `accept` on a non-blocking listener can block when another process has taken the connection
//! that had woken both. What makes it safe is that no other process accepts: the supplier gives the sockets to
//! the next one when this one has closed its copies (`HandedCopies` of listenfd-lifecycle), or has ended.

mod accepted;
mod errors;
mod leftover;
mod listeners;

pub(crate) use leftover::Leftover;
pub use listeners::Listeners;
