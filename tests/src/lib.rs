//! The harness: real processes, real sockets, deadlines.
//!
//! The test is the [`Supplier`]: it binds port 0, so it knows the address before the child exists
//! and can connect at once, for the kernel queues. Children are this package's own binaries and
//! report one line of JSON when they are ready.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a harness fails by panicking")]

pub mod app;
pub mod chaos;
mod child;
mod devserver;
#[cfg(doctest)]
mod docs;
mod eventually;
mod folder;
mod http;
mod http2;
mod keeper;
pub mod loss;
mod manager;
mod need;
mod processes;
mod restarts;
mod server;
mod supplier;
mod sys;
mod systemd;
mod terminal;
mod tls;
mod websocket;

pub use child::{Child, DEADLINE, kill, raise_descriptor_limit, terminate};
pub use devserver::{DevServer, Project, STD_SERVER, deaf_server, manifest};
pub use eventually::{SOON, eventually, soon};
pub use folder::Folder;
pub use http::{Answer, Client, Connection, Path, request};
pub use http2::http2_get;
pub use keeper::Keeper;
pub use manager::Manager;
pub use need::{has, is_root, network_address};
pub use processes::{
    children_of, descriptors, ignores, memory, named_in, processes_in, wait_for_none_in,
    zombies_below,
};
pub use restarts::{Loop, Restart, Restarted, Via};
pub use server::{AN_HOUR, FRAMEWORKS, Server};
pub use supplier::{Supplier, copy_program, program};
pub use systemd::{Systemd, Unit};
pub use terminal::Terminal;
pub use tls::Certificate;
pub use websocket::WebSocket;
