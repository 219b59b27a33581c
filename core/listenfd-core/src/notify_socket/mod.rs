//! The socket on which programs talk to their service manager (`NOTIFY_SOCKET`, `sd_notify(3)`).
//!
//! `client.rs` is the side of a program, `server.rs` that of a supplier, which receives them.
//! `barrier.rs` waits until they are processed.

mod barrier;
mod client;
mod server;

pub use barrier::Barrier;
pub use client::{address, address_if_valid, connect, monotonic_usec, send, send_fds};
pub use server::{Message, enable_sender_pids, receive};
