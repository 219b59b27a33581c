//! The service manager above systemfd, which gets the messages of the command.

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{self, Receiver, SyncSender, sync_channel};
use std::time::Duration;

use listenfd_core::Address;
use listenfd_core::internal::notify_socket::{self, Barrier};

use crate::fd_store::Notice;

/// The service manager above. It is told in a thread of its own, so that no server waits for it.
#[derive(Clone)]
pub(super) struct ServiceManager {
    address: Address,
    queue: SyncSender<Queued>,
}

enum Queued {
    Notice(Notice),
    /// All before it is sent: tell the thread that waits.
    Flush(mpsc::Sender<()>),
}

impl ServiceManager {
    /// How many messages wait for it; those beyond are dropped.
    const QUEUE_LENGTH: usize = 64;

    pub(super) fn new(address: Address) -> Self {
        let (queue, queued) = sync_channel(Self::QUEUE_LENGTH);
        let to = address.clone();
        std::thread::spawn(move || send_all(&queued, &to));
        ServiceManager { address, queue }
    }

    pub(super) fn tell(&self, notice: Notice) {
        // Nothing that a server says is worth waiting for a service manager that does not read.
        let _ = self.queue.try_send(Queued::Notice(notice));
    }

    /// Waits until it has read all, but not for long.
    pub(super) fn flush(&self) {
        let (tx, rx) = mpsc::channel();
        let is_queued = self.queue.try_send(Queued::Flush(tx)).is_ok();
        if is_queued && rx.recv_timeout(FLUSH_TIMEOUT).is_ok() {
            let _ = barrier(&self.address);
        }
    }
}

fn send_all(queued: &Receiver<Queued>, address: &Address) {
    for queued in queued {
        match queued {
            Queued::Notice(notice) => {
                let fds: Vec<_> = notice.fds.iter().map(AsFd::as_fd).collect();
                let _ = notify_socket::send_fds(address, notice.rest.as_bytes(), &fds);
            }
            Queued::Flush(tx) => drop(tx.send(())),
        }
    }
}

/// Waits until all that was sent to this socket has been processed, but not for long.
pub(super) fn barrier(address: &Address) -> io::Result<()> {
    let (barrier, fd) = Barrier::new()?;
    notify_socket::send_fds(address, Barrier::MESSAGE.as_bytes(), &[fd.as_fd()])?;
    drop(fd);
    barrier.wait(FLUSH_TIMEOUT)
}

/// How long the last messages of the command may take to be read.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
