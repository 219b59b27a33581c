//! The fd store: what a supplier keeps for programs while they restart (`sd_notify(3)`).
//!
//! `store` is what is kept, and for whom; `message` reads what programs ask of it. `server` has the
//! sockets at which programs reach it, and waits for nothing; `threads` waits for them where there is
//! no event loop.

mod message;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod threads;

pub use server::{Request, Server};
pub use store::{FdStore, Notice, Offer};
