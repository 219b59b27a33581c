//! Opens the sockets of specs: all of them, or none.

use listenfd_core::internal::{SocketFile, open_one_noting};
use listenfd_core::{Address, Bind};

use super::error::OpenError;
use super::opened::{Open, Sockets};
use super::options::Options;
use super::platform::{self, Ids};
use super::spec::{Scheme, Spec};

impl Sockets {
    /// Opens all specs, or none.
    ///
    /// # Errors
    ///
    /// When an address is in use (with the holder, where the platform tells) or cannot be bound,
    /// or when a user or a group does not exist.
    pub fn open(specs: &[Spec], options: &Options) -> Result<Self, OpenError> {
        // Before any socket is opened.
        let owners: Vec<_> = specs.iter().map(platform::owner).collect::<Result<_, _>>()?;
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
        let bind = Bind::new()
            .backlog(options.backlog)
            .reuse_address(options.reuse_address)
            .alongside(&alike);
        let bind = platform::complete(bind, spec, options, owner)?;
        let (socket, address) =
            open_one_noting(&bind, &spec.address, files).map_err(OpenError::Bind)?;
        Ok(Open { spec: spec.clone(), socket, address })
    }
}
