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
pub(crate) use taken_over::{drop_other_versions, forget, taken_over};
