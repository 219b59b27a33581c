//! From the listeners to connections. `listeners` accepts from all of them in turn, `accepted` prepares each
//! connection, `errors` says which failures concern one connection only, and `leftover` accepts the
//! connections that are in a listener's queue when it closes.

mod accepted;
mod errors;
mod leftover;
mod listeners;

pub(crate) use leftover::Leftover;
pub use listeners::Listeners;
