//! How idle connections travel from a server to the next one.
//!
//! A service manager can keep descriptors for a service that restarts (`FileDescriptorStoreMax=`,
//! `systemd.service(5)`). It compares each new descriptor with all others: 9,000 of them keep systemd 252
//! busy for 44 s. So connections travel in a *handoff channel*, a pair of Unix sockets. They wait in its
//! queue (`SCM_RIGHTS`, `unix(7)`), the keeper stores the receiving end, and the next process takes them
//! out of it.
//!
//! The process before may still run, and no connection may be read by two. So messages are numbered. The
//! next process writes an *ack* with their numbers back before it reads from any connection. A process that
//! dies with messages that it has not acknowledged has not served them.
//!
//! This is version 2 of the protocol; version 1 had no numbers. See `version.rs` for programs of different
//! versions.
//!
//! In the order of the way: `channel.rs` sends, `wire_format.rs` has the bytes, `acked.rs` the numbers,
//! `taken_over.rs` receives, `pending.rs` keeps connections until a server takes them, `connection.rs` is
//! one of them. `fd_store/` requests the receiving end from a supplier.

mod acked;
mod channel;
mod connection;
pub mod fd_store;
mod limits;
mod pending;
mod taken_over;
#[cfg(test)]
mod tests;
mod version;
mod wire_format;

/// Whether the system lets connections wait in a channel while no process has them. Otherwise they are drained.
pub const CAN_HAND_OVER: bool = crate::sys::KEEPS_SENT_FDS;

pub use acked::Acked;
pub use channel::HandoffChannel;
pub use connection::{Connected, Connection};
pub use pending::CLAIM_TIMEOUT;
pub(crate) use pending::PendingConnections;
pub use taken_over::TakenOver;
pub(crate) use version::carries_connections;
pub use version::{CONNECTIONS, HANDOFF_VERSION, is_other_version};
