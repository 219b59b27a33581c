//! From the listeners to connections. `listeners` accepts from all of them in turn, `stream` is an accepted
//! connection, `errors` says which failures concern one connection only, and `leftover` accepts the
//! connections that are in a listener's queue when it closes.

mod errors;
mod leftover;
mod listeners;
mod stream;

pub(crate) use leftover::Leftover;
pub use listeners::Listeners;
pub use stream::Stream;
