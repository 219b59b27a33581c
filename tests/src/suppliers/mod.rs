//! The suppliers of sockets: the test itself, `systemfd`, and a real systemd. The receivers of messages: the test as
//! the service manager, and as the keeper of connections.

mod keeper;
mod restart_loop;
mod service_manager;
mod supplier;
mod systemd;

pub use keeper::Keeper;
pub use restart_loop::{HeldBy, RestartLoop};
pub use service_manager::ServiceManager;
pub use supplier::Supplier;
pub use systemd::{Systemd, Unit};
