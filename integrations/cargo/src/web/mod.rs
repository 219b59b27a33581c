//! The held sockets, and the answer to requests while no program can run.
//!
//! `held_sockets` opens them. While no program can run, `accept` accepts from them. `fresh` limits
//! the number of connections, `pending` waits for a request on each, and `recipient` says who gets
//! it: `respond` answers by `answer` with the `reason`, or the program gets the connection, as it is
//! in one of the `channels`, or by `pass_on`.

pub(crate) mod accept;
mod answer;
pub(crate) mod channels;
pub(crate) mod connection;
pub(crate) mod fresh;
pub(crate) mod held_sockets;
mod pass_on;
mod pending;
pub(crate) mod reason;
pub(crate) mod recipient;
mod respond;
