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

use listenfd_lifecycle::internal::Keeper;
pub(crate) use listenfd_lifecycle::internal::KeptChannel;

/// Opens a channel to the next process, if `keeper` keeps it and that process takes connections over.
pub(crate) async fn open_channel(keeper: &Keeper) -> Option<KeptChannel> {
    KeptChannel::open(keeper, &MARK).await
}
