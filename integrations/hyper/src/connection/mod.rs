//! One connection, from its accept to its end: `task` runs HTTP on it, `decide` says when to let go of it or
//! to free its buffers, `alarm` is its timer, and `settings` are those of all connections of a server.

mod alarm;
mod decide;
mod settings;
mod task;

pub(crate) use settings::Settings;
pub(crate) use task::serve;
