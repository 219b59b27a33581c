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
mod scrub;

pub use activation::{close_connections, listen_or_bind, listen_or_bind_and_take_over};
pub use kind::Kind;
pub use listen_fd::{HandedSocket, ListenFd, Which};
pub use scrub::scrub;
