//! How connections travel from a server to the next one.
//!
//! `channel.rs` is what they travel through, `connection.rs` is one of them, and `fd_store.rs` talks
//! to a supplier that keeps channels.

mod channel;
mod connection;
pub mod fd_store;

pub(crate) use channel::Waiting;
pub use channel::{Parcel, Taken, TakenOver};
pub use connection::{CONNECTIONS, Connected, Connection, is_of_another_form};
