//! The suppliers of sockets, and what servers report to: the test itself, `systemfd`, a real systemd, and
//! a service manager of the test's own.

mod restart_loop;
mod service_manager;
mod supplier;
mod systemd;

pub use restart_loop::{HeldBy, RestartLoop};
pub use service_manager::ServiceManager;
pub use supplier::Supplier;
pub use systemd::{Systemd, Unit};
