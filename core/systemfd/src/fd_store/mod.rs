//! The fd store: what programs ask to be kept while they restart (`store`), as messages of
//! `sd_notify(3)` (`message`).

mod message;
mod store;
#[cfg(test)]
mod tests;

pub use store::{Notice, Offer, Store};
