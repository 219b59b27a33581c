//! The held sockets, and the answer to requests while no program can run.
//!
//! `sockets` opens them. While no program can run, `answer` accepts from them. `fresh` limits the number of
//! connections, `pending` waits for a request on each, and `phase` says who gets it: `respond` answers
//! with the `reason`, or the program gets the connection, as it is or by `pass_on`.

pub(crate) mod answer;
pub(crate) mod fresh;
mod pass_on;
mod pending;
mod phase;
pub(crate) mod reason;
mod respond;
mod socket;
pub(crate) mod sockets;
