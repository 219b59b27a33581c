//! Opens the sockets of specs: all of them, or none.

use std::fmt;

use listenfd_core::internal::{SocketFile, open_one_noting};
use listenfd_core::{Address, Bind};

use super::opened::{Open, Sockets};
use super::spec::{Owner, Scheme, Spec};
use crate::sys;

/// Options of all sockets that are opened together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How many connections may wait to be accepted (`listen(2)`).
    pub backlog: u32,
    /// Sets `SO_REUSEADDR` on TCP sockets.
    pub reuse_address: bool,
    /// Sets `SO_REUSEPORT`, so that other programs can open the same port.
    pub reuse_port: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { backlog: Bind::BACKLOG, reuse_address: true, reuse_port: false }
    }
}

/// Why a socket could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The address cannot be bound.
    Bind(listenfd_core::Error),
    /// There is no such user or group.
    #[non_exhaustive]
    NoSuchOwner {
        /// `user` or `group`.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Bind(err) => err.fmt(f),
            OpenError::NoSuchOwner { what, name } => {
                write!(f, "there is no {what} {name:?} on this system; use one, or a number")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Bind(err) => err.source(),
            OpenError::NoSuchOwner { .. } => None,
        }
    }
}

impl Sockets {
    /// Opens all specs, or none.
    ///
    /// # Errors
    ///
    /// When an address is in use (with the holder, where the platform tells) or cannot be bound,
    /// or when a user or a group does not exist.
    pub fn open(specs: &[Spec], options: &Options) -> Result<Self, OpenError> {
        // Before any socket is opened.
        let owners: Vec<_> = specs.iter().map(Spec::owner).collect::<Result<_, _>>()?;
        let (mut sockets, mut files) = (Sockets { entries: Vec::new() }, Vec::new());
        for (spec, owner) in specs.iter().zip(owners) {
            match Open::new(spec, specs, options, owner, &mut files) {
                Ok(open) => sockets.entries.push(open),
                Err(err) => {
                    files.iter().for_each(SocketFile::remove);
                    return Err(err);
                }
            }
        }
        Ok(sockets)
    }
}

impl Open {
    /// `files` gets the file of a Unix socket.
    fn new(
        spec: &Spec,
        all: &[Spec],
        options: &Options,
        owner: Ids,
        files: &mut Vec<SocketFile>,
    ) -> Result<Self, OpenError> {
        // UDP and TCP have ports of their own.
        let alike = all.iter().filter(|it| {
            !it.scheme.is_unix() && (it.scheme == Scheme::Udp) == (spec.scheme == Scheme::Udp)
        });
        let alike: Vec<Address> = alike.map(|it| it.address.clone()).collect();
        let mut bind = Bind::new()
            .backlog(options.backlog)
            .reuse_address(options.reuse_address)
            .reuse_port(options.reuse_port && !spec.scheme.is_unix())
            .unix_owner(owner.0, owner.1)
            .alongside(&alike);
        if let Some(mode) = spec.mode {
            bind = bind.unix_mode(mode);
        }
        let bind = match spec.scheme {
            Scheme::Udp | Scheme::Unixgram => bind.datagram(),
            Scheme::Seqpacket => bind.seqpacket(),
            Scheme::Tcp | Scheme::Http | Scheme::Https | Scheme::Unix => bind,
        };
        let (fd, address) =
            open_one_noting(&bind, &spec.address, files).map_err(OpenError::Bind)?;
        Ok(Open { spec: spec.clone(), fd, address })
    }
}

/// User and group, as numbers.
type Ids = (Option<u32>, Option<u32>);

impl Spec {
    fn owner(&self) -> Result<Ids, OpenError> {
        let user = self.user.as_ref().map(|user| id("user", user, sys::user_id));
        let group = self.group.as_ref().map(|group| id("group", group, sys::group_id));
        Ok((user.transpose()?, group.transpose()?))
    }
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
