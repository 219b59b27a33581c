//! Sockets handed to this process by socket activation, or bound by it.
//!
//! A *supplier* (systemd, `systemfd`, a container engine) opens sockets and starts this program
//! with them; this crate is the *receiver*. The whole decision is one call:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! for listener in listenfd_core::listen_or_bind("127.0.0.1:0")? {
//!     println!("listening on {}", listener.local_addr()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It takes every listener that was handed over, and binds the address when nothing was. For
//! sockets one by one, by index or by name, and of other kinds, see [`ListenFd`].
//!
//! # What it promises
//!
//! * A [`Listener`] is open, bound, listening, close-on-exec, non-blocking, and owned once.
//! * Each handed socket is given out at most once in a process, whichever [`ListenFd`] asks.
//! * All handed sockets become close-on-exec at first contact, so no child inherits one by
//!   accident; the environment is read once and never written.
//! * Sockets that were handed over but cannot be used are an error that names the variable, the
//!   index, what was found and what to do. It binds only when nothing was handed over.
//!
//! The protocol is that of `sd_listen_fds(3)`, with the extensions of the `listenfd` crate; see
//! [`protocol`].

#[cfg(not(unix))]
compile_error!("listenfd-core runs on Unix so far (Linux, macOS, the BSDs)");

mod activation;
mod address;
mod addresses;
mod bind;
mod connection;
mod env;
mod error;
mod escape;
mod kind;
mod listen_fd;
mod listener;
#[doc(hidden)]
pub mod notify_socket;
mod parcel;
mod path;
mod peer;
pub mod protocol;
mod signal;
#[doc(hidden)]
pub mod store;
mod sys;
mod table;
mod together;

pub use activation::listen_or_bind;
pub use address::{Address, AddressError};
pub use addresses::IntoAddresses;
pub use bind::Bind;
#[doc(hidden)]
pub use connection::is_of_another_form;
pub use connection::{CONNECTIONS, Connected, Connection};
pub use env::{process_variable, process_variable_as_it_is, scrub};
pub use error::{Error, Holder};
#[doc(hidden)]
pub use escape::{Escaped, escaped, escaped_json, escaped_lines};
pub use kind::Kind;
pub use listen_fd::{HandedSocket, ListenFd, Which};
pub use listener::{Checked, Listener};
pub use parcel::TakenOver;
#[doc(hidden)]
pub use parcel::{Parcel, Taken};
pub use peer::{Credentials, Peer};
#[doc(hidden)]
pub use signal::ignores_signal;
