//! The fd store: what a supplier keeps for programs while they restart (`sd_notify(3)`).
//!
//! `store` decides what is kept, and which program gets it; `message` reads the messages for it. `server`
//! has the sockets at which programs reach the store; `threads` waits for these sockets where there is no
//! event loop.

mod message;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod threads;

pub use server::{Request, Server};
pub use store::{FdStore, Notice, Offer};
