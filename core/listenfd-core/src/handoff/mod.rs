//! How connections travel from a server to the next one.
//!
//! `channel.rs` is what they travel through, `connection.rs` is one of them, `fd_store.rs` talks to a
//! supplier that keeps channels, and `version.rs` tells what another version of this crate cannot read.

mod channel;
mod connection;
pub mod fd_store;
mod version;

pub(crate) use channel::PendingConnections;
pub use channel::{Acked, HandoffChannel, TakenOver};
pub use connection::{Connected, Connection};
pub use version::{CONNECTIONS, HANDOFF_VERSION, is_other_version};
