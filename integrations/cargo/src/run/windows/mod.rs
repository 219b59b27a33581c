//! What is handed to a run on Windows: the sockets by a socket server, and named events. The file
//! that runs is a copy.

pub(crate) mod ahead;
pub(crate) mod executable;
pub(crate) mod fd_store;
pub(crate) mod supply;
