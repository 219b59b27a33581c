//! The sockets (`sockets`), and the answer to requests while no program can run (`answer`).

pub(crate) mod answer;
mod pass_on;
mod respond;
mod silent;
mod socket;
pub(crate) mod sockets;
