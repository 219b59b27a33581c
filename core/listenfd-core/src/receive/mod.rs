//! The sockets that a supplier handed to this process.
//!
//! In the order in which they travel: `protocol.rs` parses the variables into the types of `handed.rs`,
//! `from_env/` owns what they announce, `inherited.rs` keeps it for the process, a `slot.rs` each, `listen_fd.rs`
//! gives them out one by one, `activation.rs` takes all of them or binds, and `take_over.rs` does the same with
//! connections. On Windows, `closing.rs` says when all of them are closed. `handed_socket.rs` and
//! `selector.rs` are the types of its public interface.

mod activation;
#[cfg(windows)]
mod closing;
mod from_env;
mod handed;
mod handed_socket;
mod inherited;
mod listen_fd;
pub mod protocol;
mod scrub;
mod selector;
mod slot;
#[cfg(unix)]
mod take_over;

pub use activation::listen_or_bind;
#[cfg(windows)]
pub(crate) use closing::close_if_last;
#[cfg(windows)]
pub use from_env::completion_port_statuses;
pub(crate) use handed::Foreign;
pub use handed_socket::HandedSocket;
pub use listen_fd::ListenFd;
pub use scrub::scrub;
pub use selector::Which;
#[cfg(unix)]
pub use take_over::{close_connections, listen_or_bind_and_take_over, take_other_versions};
