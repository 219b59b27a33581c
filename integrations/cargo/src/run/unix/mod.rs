//! What is handed to a run on Unix: the sockets as descriptors, a notify socket, and the fd store.

pub(crate) mod ahead;
pub(crate) mod executable;
pub(crate) mod fd_store;
pub(crate) mod supply;
