#![doc = include_str!("../README.md")]
//!
//! # What it promises
//!
//! * A [`Listener`] is open, bound, listening, close-on-exec, non-blocking, and owned once.
//! * Each handed socket is given out at most once in a process, through any [`ListenFd`].
//! * The first call makes all handed sockets close-on-exec, so no child inherits one by accident. The
//!   environment is read once and never written.
//! * Handed sockets that cannot be used are an error. It names the variable, the index, the value that
//!   was found and the cure. This crate binds only when nothing was handed over.
//!
//! The protocol is that of `sd_listen_fds(3)`, with the extensions of the `listenfd` crate; see
//! [`protocol`]. On macOS also that of launchd; see [`ListenFd`].

#[cfg(not(any(unix, windows)))]
compile_error!("listenfd-core runs on Unix (Linux, macOS, the BSDs) and on Windows");

mod address;
mod bind;
mod env;
mod error;
mod escape;
#[cfg(unix)]
mod handoff;
#[cfg(windows)]
#[path = "no_handoff.rs"]
mod handoff;
#[doc(hidden)]
pub mod internal;
mod kind;
mod listener;
#[cfg(unix)]
mod notify_socket;
mod page_socket;
mod peer;
#[cfg(windows)]
mod program_events;
mod receive;
mod signal;
mod sys;

pub use address::{Address, AddressError, IntoAddresses};
pub use bind::Bind;
pub use error::{Error, Holder};
pub use kind::Kind;
pub use listener::{Checked, Listener};
pub use peer::{Credentials, Peer};
pub use receive::{HandedSocket, ListenFd, Which, listen_or_bind, protocol, scrub};
