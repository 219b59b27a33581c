//! The harness: real processes, real sockets, deadlines.
//!
//! The test is the [`Supplier`]: it binds port 0, so it knows the address before the child exists
//! and can connect at once, for the kernel queues. Children are this package's own binaries and
//! report one line of JSON when they are ready.
//!
//! - `app`: the app that the binaries in `bin` serve, in each framework, from the package in `tests/app`
//! - `process`: a child with deadlines, the test server, the state of any process
//! - `suppliers`: who opens the sockets: the test, `systemfd`, systemd
//! - `client`: clients that see the outcome of each request
//! - `browser`: a real Chromium
//! - `load`: many clients during restarts
//! - `devserver`: `cargo devserver` in real projects, and in a terminal
//! - `wine`: programs for Windows, under Wine
//! - `pages`: the README and `docs/`, for the tests of their text

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a harness fails by panicking")]

mod browser;
mod client;
mod devserver;
#[cfg(doctest)]
mod docs;
mod folder;
mod load;
mod machine;
mod pages;
mod process;
mod restart;
mod suppliers;
mod sys;
mod wait;
mod wine;

pub use listenfd_test_app::{self as app, set_options};

pub use browser::{Chromium, FakeDevserver, OVERLAY, TAG, Tab, overlay_shows};
pub use client::{
    Answer, Certificate, Client, Connection, Fate, WebSocket, get, http2_get, request,
};
pub use devserver::{
    DEVSERVER_PROFILE, Deck, DevServer, Edit, EditedApp, Project, Reference, STD_SERVER, Terminal,
    Workspace, deaf_server, manifest,
};
pub use folder::Folder;
pub use load::{chaos, loss};
pub use machine::{has, is_root, network_address, require};
pub use pages::{Page, in_repository};
pub use process::{
    Child, FRAMEWORKS, HOUR_TIMEOUTS, Server, children_of, copy_program, ignores, kill, open_fds,
    own_memory, processes_in, processes_named_in, program, raise_fd_limit, terminate,
    wait_for_none_in, zombies_below,
};
pub use restart::Restart;
pub use suppliers::{
    Given, HeldBy, Keeper, PageMessage, PageSocket, Relay, RestartLoop, ServiceManager, Supplier,
    Systemd, Unit,
};
pub use sys::CountingAllocator;
pub use wait::{DEADLINE, SOON, eventually, soon};
pub use wine::{Wine, windows_program, windows_unit_tests};
