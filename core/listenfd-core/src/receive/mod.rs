//! The sockets that a supplier handed to this process.
//!
//! In the order in which they travel: `protocol.rs` parses the variables into the types of `handed.rs`,
//! `inherited.rs` owns the announced fds, a `slot.rs` each, `listen_fd.rs` gives them out one by one,
//! `activation.rs` takes all of them or binds, and `take_over.rs` does the same with connections. Where no variable
//! announces sockets, `launchd.rs` asks launchd.
//! `handed_socket.rs` and `selector.rs` are the types of its public interface.

mod activation;
mod handed;
mod handed_socket;
mod inherited;
mod launchd;
mod listen_fd;
pub mod protocol;
mod scrub;
mod selector;
mod slot;
mod take_over;

pub use activation::listen_or_bind;
pub(crate) use handed::Foreign;
pub use handed_socket::HandedSocket;
pub use listen_fd::ListenFd;
pub use scrub::scrub;
pub use selector::Which;
pub use take_over::{close_connections, listen_or_bind_and_take_over, take_other_versions};
