//! Connections of a program that is gone, while nothing can run: one that asks is answered here, the
//! others go to the next program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use listenfd_core::{Connected, Connection, Parcel, TakenOver};
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
    /// The only descriptor of it, which its task has too.
    socket: Rc<Socket>,
    is_fresh: bool,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Waiting {
    /// Takes what is kept, and waits for each to ask. Tells how many had to be closed, and why the last
    /// one.
    pub(super) fn begin(&self, kept: &Kept, shared: &Rc<Shared>) -> Option<(usize, io::Error)> {
        let (mut closed, mut why, mut number) = (0, None, 0);
        for parcel in kept.take() {
            let taken = TakenOver::of(parcel);
            closed += taken.lost;
            why = taken.reason.or(why);
            for connection in taken.connections {
                number += 1;
                if let Err(err) = self.add(number, connection, shared) {
                    closed += 1;
                    why = Some(err);
                }
            }
        }
        why.filter(|_| closed > 0).map(|why| (closed, why))
    }

    fn add(&self, number: u64, connection: Connection, shared: &Rc<Shared>) -> io::Result<()> {
        let address = connection.local_addr().clone();
        let (is_fresh, shared) = (connection.is_fresh(), Rc::clone(shared));
        let socket = Rc::new(match connection.into_stream() {
            Connected::Tcp(tcp, _) => Socket::Tcp(TcpStream::from_std(tcp)?),
            Connected::Unix(unix) => Socket::Unix(UnixStream::from_std(unix)?),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        });
        let (waiting, asking) = (self.clone(), Rc::clone(&socket));
        let task = tokio::task::spawn_local(async move {
            let asks = match &*asking {
                Socket::Tcp(tcp) => tcp.asks().await,
                Socket::Unix(unix) => unix.asks().await,
            };
            // From here on it is this task's alone.
            waiting.all.borrow_mut().remove(&number);
            match Rc::into_inner(asking).filter(|_| asks.is_ok()) {
                Some(Socket::Tcp(tcp)) => serve(tcp, &address, shared).await,
                Some(Socket::Unix(unix)) => serve(unix, &address, shared).await,
                None => {}
            }
        });
        self.all.borrow_mut().insert(number, Silent { socket, is_fresh, task });
        Ok(())
    }

    /// Waits no more, and leaves them to the next program.
    pub(super) fn end(&self, kept: &Kept) {
        let silent: Vec<_> = self.all.borrow_mut().drain().map(|(_, silent)| silent).collect();
        for silent in &silent {
            // This thread runs it, so it does no more.
            silent.task.abort();
        }
        for batch in silent.chunks(Parcel::BATCH) {
            let batch: Vec<_> = batch.iter().map(|it| (it.socket.as_fd(), it.is_fresh)).collect();
            let packed = Parcel::new().and_then(|(parcel, end)| parcel.put(&batch).map(|()| end));
            // What cannot be kept, for want of descriptors, is closed.
            packed.into_iter().for_each(|end| kept.keep(end));
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(tcp) => tcp.as_fd(),
            Socket::Unix(unix) => unix.as_fd(),
        }
    }
}
