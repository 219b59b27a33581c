//! Windows: only TCP and UDP, and one process a port.

use std::os::windows::io::{AsSocket, BorrowedSocket};

use listenfd_core::Bind;
use listenfd_core::internal::Owned;

use super::error::OpenError;
use super::options::Options;
use super::spec::{Scheme, Spec};

/// A socket of another owner.
pub(super) type Borrowed<'a> = BorrowedSocket<'a>;

/// Unix sockets have an owner, and opening one is an error.
#[derive(Clone, Copy)]
pub(super) struct Ids;

/// The owner of a spec's socket: none.
pub(super) fn owner(_: &Spec) -> Result<Ids, OpenError> {
    Ok(Ids)
}

/// Adds the options of the platform.
pub(super) fn complete(
    bind: Bind,
    spec: &Spec,
    options: &Options,
    _: Ids,
) -> Result<Bind, OpenError> {
    if options.reuse_port {
        let reason = "there is no SO_REUSEPORT, and SO_REUSEADDR would let any program take the \
                      port; leave it out, or use a port for each program";
        return Err(OpenError::NotOffered { option: "--reuse-port", reason });
    }
    Ok(match spec.scheme {
        Scheme::Udp => bind.datagram(),
        // For the address of a Unix socket, opening it is an error.
        _ => bind,
    })
}

/// Where the program finds the socket of this index.
pub(super) fn place(index: usize) -> String {
    format!("index {index}")
}

pub(super) fn borrow(socket: &Owned) -> Borrowed<'_> {
    socket.as_socket()
}
