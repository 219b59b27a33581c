//! Connections that outlive this process. `keeper` says who keeps them, `next_binary` whether the program
//! that starts next knows of them; they are sent into a `kept_channel`, and `draining` sees to it that they
//! do not wait for ever. `taken_over` is for the connections of the process before.

mod draining;
mod keeper;
mod kept_channel;
mod next_binary;
mod taken_over;

pub use draining::DrainingServer;
pub use keeper::Keeper;
pub(crate) use keeper::may_ask_supplier;
pub use kept_channel::KeptChannel;
pub use listenfd_core::internal::Connection;
pub(crate) use listenfd_core::internal::listen_or_bind_and_take_over as listen;
pub(crate) use taken_over::{drop_other_versions, forget, taken_over};

/// Nothing: a descriptor comes as it is.
pub(crate) fn log_received() {}

/// Whether this process has to wait for handed sockets: they are there from the start.
pub(crate) fn sockets_may_wait() -> bool {
    false
}
