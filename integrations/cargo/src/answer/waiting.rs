//! Connections of a program that is gone, while nothing can run: one that asks is answered here, the
//! others go to the next program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use listenfd_core::{Address, Connected, Connection, Parcel, TakenOver};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::{Shared, Stream, serve};
use crate::kept::Kept;

/// Those that have not asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    all: Rc<RefCell<HashMap<u64, Silent>>>,
}

#[derive(Debug)]
struct Silent {
    /// A second descriptor of it.
    fd: OwnedFd,
    is_fresh: bool,
    task: JoinHandle<()>,
}

impl Waiting {
    /// Takes what is kept, and waits for each to ask.
    pub(super) fn begin(&self, kept: &Kept, shared: &Rc<Shared>) {
        let connections = kept.take().into_iter().flat_map(|fd| TakenOver::of(fd).connections);
        for (number, connection) in (0..).zip(connections) {
            // One that cannot be had is closed, for want of descriptors.
            let _ = self.add(number, connection, shared);
        }
    }

    fn add(&self, number: u64, connection: Connection, shared: &Rc<Shared>) -> io::Result<()> {
        let address = connection.local_addr().clone();
        let (is_fresh, shared) = (connection.is_fresh(), Rc::clone(shared));
        let (fd, task) = match connection.into_stream() {
            Connected::Tcp(tcp, _) => {
                let fd = tcp.as_fd().try_clone_to_owned()?;
                (fd, self.wait(number, TcpStream::from_std(tcp)?, address, shared))
            }
            Connected::Unix(unix) => {
                let fd = unix.as_fd().try_clone_to_owned()?;
                (fd, self.wait(number, UnixStream::from_std(unix)?, address, shared))
            }
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        self.all.borrow_mut().insert(number, Silent { fd, is_fresh, task });
        Ok(())
    }

    fn wait(
        &self,
        number: u64,
        stream: impl Stream,
        address: Address,
        shared: Rc<Shared>,
    ) -> JoinHandle<()> {
        let waiting = self.clone();
        tokio::task::spawn_local(async move {
            let asks = stream.asks().await;
            waiting.all.borrow_mut().remove(&number);
            if asks.is_ok() {
                serve(stream, &address, shared).await;
            }
        })
    }

    /// Waits no more, and leaves them to the next program.
    pub(super) fn end(&self, kept: &Kept) {
        let silent: Vec<_> = self.all.borrow_mut().drain().map(|(_, silent)| silent).collect();
        for silent in &silent {
            // This thread runs it, so it does no more; its descriptor is one of two.
            silent.task.abort();
        }
        for batch in silent.chunks(Parcel::BATCH) {
            let batch: Vec<_> = batch.iter().map(|it| (it.fd.as_fd(), it.is_fresh)).collect();
            let packed = Parcel::new().and_then(|(parcel, end)| parcel.put(&batch).map(|()| end));
            // What cannot be kept, for want of descriptors, is closed.
            packed.into_iter().for_each(|end| kept.keep(end));
        }
    }
}
