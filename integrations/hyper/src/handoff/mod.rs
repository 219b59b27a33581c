//! Giving connections to the next process. An `idle_connection` comes from its task, `batches` gathers them
//! and sends them into a handoff channel (`sent_channel`), and `mark` tells other processes that this program
//! takes them over.

mod batches;
mod idle_connection;
mod mark;
mod sent_channel;

pub(crate) use batches::Batches;
pub(crate) use idle_connection::IdleConnection;
pub use mark::MARK;
