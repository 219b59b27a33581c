//! The suppliers of sockets: the test itself, `systemfd`, and a real systemd. The receivers of messages: the test as
//! the service manager, as the keeper of connections, and as the `cargo devserver` of pages.

mod keeper;
mod page_socket;
mod restart_loop;
mod service_manager;
mod supplier;
mod systemd;

pub use keeper::Keeper;
pub use page_socket::{Given, PageMessage, PageSocket, Relay};
pub use restart_loop::{HeldBy, RestartLoop};
pub use service_manager::ServiceManager;
pub use supplier::Supplier;
pub use systemd::{Systemd, Unit};
