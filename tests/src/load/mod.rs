//! Load during restarts: `loss.rs` counts the fate of every request, `chaos.rs` lets clients do random
//! things and checks every byte of every answer.

pub mod chaos;
pub mod loss;
mod random_client;
mod tally;
