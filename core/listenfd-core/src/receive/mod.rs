//! The sockets that a supplier handed to this process.
//!
//! In the order in which they travel: `protocol.rs` parses the variables, `inherited.rs` owns the
//! announced fds, `listen_fd.rs` gives them out one by one, and `activation.rs` takes all of them or
//! binds. `kind.rs` says what a handed object is.

mod activation;
mod inherited;
mod kind;
mod listen_fd;
pub mod protocol;

pub use activation::listen_or_bind;
pub use kind::Kind;
pub use listen_fd::{HandedSocket, ListenFd, Which};
