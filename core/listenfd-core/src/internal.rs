//! For the other crates of this project only. **Not a public API**: any release may change it. These
//! crates require this very version (`=0.1.0`).

use std::io;

use crate::address::Address;
use crate::bind::Bind;
use crate::error::Error;
use crate::listener::Listener;
use crate::sys;

pub use crate::bind::SocketFile;
pub use crate::env::{env_var, env_var_raw};
pub use crate::escape::{Escaped, escaped, escaped_json, escaped_lines};
pub use crate::handoff::CAN_HAND_OVER;
#[cfg(unix)]
pub use crate::handoff::{
    Acked, CLAIM_TIMEOUT, CONNECTIONS, Connected, Connection, HANDOFF_VERSION, HandoffChannel,
    TakenOver, fd_store, is_other_version,
};
#[cfg(windows)]
pub use crate::receive::completion_port_statuses;
#[cfg(unix)]
pub use crate::receive::{close_connections, listen_or_bind_and_take_over, take_other_versions};
pub use crate::signal::is_signal_ignored;

/// A handle of a socket or another object: a descriptor on Unix, a socket on Windows.
pub type Owned = sys::Owned;

/// One that has another owner.
pub type Borrowed<'a> = sys::Borrowed<'a>;

/// Opens a socket as [`Bind::open_one`]; adds the file of a Unix socket to `files`, for a caller that may
/// give it up again.
///
/// # Errors
///
/// As [`Bind::open_one`].
pub fn open_one_noting(
    bind: &Bind,
    address: &Address,
    files: &mut Vec<SocketFile>,
) -> Result<(Owned, Address), Error> {
    bind.open_one_noting(address, files)
}

/// Reads bytes that stay in the socket, without waiting for them.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] when there are none. When the connection has failed.
pub fn peek(socket: Borrowed<'_>, bytes: &mut [u8]) -> io::Result<usize> {
    sys::peek(socket, bytes)
}

/// The error of a server that cannot serve this kind of listener.
#[must_use]
pub fn unsupported(listener: &Listener) -> io::Error {
    let reason = format!("this server does not support listeners of this kind: {listener:?}");
    io::Error::new(io::ErrorKind::Unsupported, reason)
}

/// The error for an address in use, for tests.
#[must_use]
pub fn address_in_use(address: &Address) -> Error {
    Error::in_use(address, None)
}

/// See the module of that name in the source.
#[cfg(unix)]
pub mod notify_socket {
    pub use crate::notify_socket::{
        Barrier, Message, address, address_if_valid, connect, enable_sender_pids, monotonic_usec,
        receive, send, send_fds,
    };
}

/// See the module of that name in the source.
pub mod page_socket {
    pub use crate::page_socket::{
        Announcement, First, MAX_NOTE, Place, VARIABLE, is_valid_path, note,
    };
    #[cfg(unix)]
    pub use crate::page_socket::{MAX_READ, give, open_relay, receive_first};
    #[cfg(windows)]
    pub use crate::page_socket::{first, relay_preface};
}

/// See the module of that name in the source.
#[cfg(windows)]
pub mod program_events {
    pub use crate::program_events::{
        EVENTS_VARIABLE, ProgramEvents, ReceiverEvents, new_prefix, note_closed,
    };
}

/// Bytes that nobody can guess.
///
/// # Errors
///
/// When the system has none.
#[cfg(windows)]
pub fn random_bytes() -> io::Result<[u8; 16]> {
    sys::random_bytes()
}
