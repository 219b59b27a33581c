//! What only Unix has: types, permissions and owners of Unix sockets, and `SO_REUSEPORT`.

use std::os::fd::{AsFd, BorrowedFd};

use listenfd_core::internal::Owned;
use listenfd_core::{Bind, protocol};

use super::error::OpenError;
use super::options::Options;
use super::spec::{Owner, Scheme, Spec};
use crate::sys;

/// A socket of another owner.
pub(super) type Borrowed<'a> = BorrowedFd<'a>;

/// User and group, as numbers.
pub(super) type Ids = (Option<u32>, Option<u32>);

/// The owner of a spec's socket.
pub(super) fn owner(spec: &Spec) -> Result<Ids, OpenError> {
    let user = spec.user.as_ref().map(|user| id("user", user, sys::user_id));
    let group = spec.group.as_ref().map(|group| id("group", group, sys::group_id));
    Ok((user.transpose()?, group.transpose()?))
}

fn id(
    what: &'static str,
    owner: &Owner,
    look_up: impl FnOnce(&str) -> Option<u32>,
) -> Result<u32, OpenError> {
    match owner {
        Owner::Id(id) => Ok(*id),
        Owner::Name(name) => {
            look_up(name).ok_or_else(|| OpenError::NoSuchOwner { what, name: name.clone() })
        }
    }
}

/// Adds the options of the platform.
pub(super) fn complete(
    bind: Bind,
    spec: &Spec,
    options: &Options,
    (user, group): Ids,
) -> Result<Bind, OpenError> {
    let bind =
        bind.reuse_port(options.reuse_port && !spec.scheme.is_unix()).unix_owner(user, group);
    let bind = match spec.mode {
        Some(mode) => bind.unix_mode(mode),
        None => bind,
    };
    Ok(match spec.scheme {
        Scheme::Udp | Scheme::Unixgram => bind.datagram(),
        Scheme::Seqpacket => bind.seqpacket(),
        Scheme::Tcp | Scheme::Http | Scheme::Https | Scheme::Unix => bind,
    })
}

/// Where the program finds the socket of this index.
pub(super) fn place(index: usize) -> String {
    format!("fd #{}", protocol::FIRST_FD as usize + index)
}

pub(super) fn borrow(socket: &Owned) -> Borrowed<'_> {
    socket.as_fd()
}
