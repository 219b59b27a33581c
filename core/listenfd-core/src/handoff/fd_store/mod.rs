//! How a server gets the connections that a supplier of this project keeps in its fd store.
//!
//! A service manager hands over its stored descriptors when it starts a program. A supplier of ours
//! cannot: `systemfd --keep` may have started a file watcher, whose child is the server. So it names a
//! Unix socket in [`VARIABLE`], and a server that is about to accept connects there. A program that does
//! not know of this does not connect, and gets nothing that it would have to close.
//!
//! The supplier sends one message for each descriptor, then the end of the stream. The server answers with
//! one byte when it has all of them, and only then the supplier forgets them. Each side has one deadline
//! over all of this, so neither side waits for a suspended one.
//!
//! `variable.rs` says where the supplier listens. `request.rs` is the side of the server, `give.rs` that
//! of the supplier. Its fd store itself is in the systemfd library.

mod deadline;
mod give;
mod request;
mod variable;

pub use give::{give, requester_pid};
pub(crate) use request::request;
pub use variable::{Supplier, VARIABLE, supplier, variable_value};
