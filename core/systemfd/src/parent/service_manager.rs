//! The service manager above systemfd: it is told what the command says.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, SyncSender, sync_channel};
use std::time::Duration;

use listenfd_core::Address;
use listenfd_core::internal::notify_socket;

use crate::fd_store::Notice;

/// The service manager above, told in a thread of its own: the servers below do not wait for it.
#[derive(Clone)]
pub(super) struct Above {
    manager: Address,
    queue: SyncSender<Passed>,
}

/// What is passed on.
enum Passed {
    Notice(Notice),
    /// Who wants to know that all before it is sent.
    End(mpsc::Sender<()>),
}

impl Above {
    /// How many messages can wait for it; what comes then is dropped.
    const ROOM: usize = 64;

    pub(super) fn new(manager: Address) -> Self {
        let (queue, passed) = sync_channel(Self::ROOM);
        let to = manager.clone();
        std::thread::spawn(move || pass_on(&passed, &to));
        Above { manager, queue }
    }

    pub(super) fn tell(&self, notice: Notice) {
        // What it says is not worth an end, nor a wait.
        let _ = self.queue.try_send(Passed::Notice(notice));
    }

    /// Waits until it has read all, but not for long.
    pub(super) fn finish(&self) {
        let (sent, is_sent) = mpsc::channel();
        let is_queued = self.queue.try_send(Passed::End(sent)).is_ok();
        if is_queued && is_sent.recv_timeout(LAST_WORDS).is_ok() {
            let _ = barrier(&self.manager);
        }
    }
}

fn pass_on(passed: &Receiver<Passed>, manager: &Address) {
    for passed in passed {
        match passed {
            Passed::Notice(notice) => {
                let fds: Vec<_> = notice.fds.iter().map(AsFd::as_fd).collect();
                let _ = notify_socket::send_fds(manager, notice.rest.as_bytes(), &fds);
            }
            Passed::End(sent) => drop(sent.send(())),
        }
    }
}

/// Waits until all that was sent there has been read (`sd_notify_barrier(3)`).
pub(super) fn barrier(address: &Address) -> io::Result<()> {
    let (mut ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(LAST_WORDS))?;
    notify_socket::send_fds(address, b"BARRIER=1", &[theirs.as_fd()])?;
    drop(theirs);
    // It ends when the other end is closed.
    ours.read(&mut [0]).map(drop)
}

/// How long the command's last words may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);
