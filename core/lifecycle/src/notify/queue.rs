//! Messages that wait for a busy service manager, in their order.
//!
//! A message is sent at once if there is room for it. Otherwise it waits here until a task has sent it, and
//! later messages wait behind it. So senders do not wait, except those that need to know that a message was
//! sent, and they can give up.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use listenfd_core::Address;
use listenfd_core::internal::notify_socket;
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::sync::{Notify, oneshot};

/// How many messages can wait. Beyond that, the oldest is dropped.
const MAX_WAITING: usize = 64;

const BUSY: &str = "it does not read its messages";

/// All servers of the process have the same service manager.
static QUEUE: Mutex<Queue> = Mutex::new(Queue::new());
/// Notified when no message waits any more.
static EMPTY: Notify = Notify::const_new();

/// A message to a service manager.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) manager: Address,
    pub(crate) text: Cow<'static, str>,
    /// A descriptor that goes with it, and is closed then.
    pub(crate) fd: Option<OwnedFd>,
    /// Tells a waiting sender that the message is sent. When the sender has gone, it is not sent any more.
    pub(crate) done: Option<oneshot::Sender<io::Result<()>>>,
}

impl Message {
    /// A message whose sender does not wait.
    pub(crate) fn new(manager: Address, text: impl Into<Cow<'static, str>>) -> Self {
        Message { manager, text: text.into(), fd: None, done: None }
    }

    fn try_send(&self) -> io::Result<()> {
        let socket = notify_socket::connect(&self.manager)?;
        notify_socket::send(socket.as_fd(), &self.text, self.fd.as_ref().map(AsFd::as_fd))
    }

    fn is_unwanted(&self) -> bool {
        self.done.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    fn end(self, result: io::Result<()>) {
        match (self.done, result) {
            // The sender may have gone.
            (Some(done), result) => drop(done.send(result)),
            (None, Err(err)) => {
                let first = self.text.lines().next().unwrap_or_default();
                tracing::warn!(
                    "cannot tell the service manager {first}: {err}; check NOTIFY_SOCKET"
                );
            }
            (None, Ok(())) => {}
        }
    }
}

/// The waiting messages.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: VecDeque<Message>,
    /// A task sends them.
    is_sending: bool,
    /// How many servers of this process accept connections. The service manager knows only the process.
    pub(crate) running: usize,
}

impl Queue {
    const fn new() -> Self {
        Queue { waiting: VecDeque::new(), is_sending: false, running: 0 }
    }

    fn lock() -> MutexGuard<'static, Queue> {
        // A panic cannot leave it half changed.
        QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.is_sending
    }

    fn push(&mut self, message: Message) {
        if self.is_empty() {
            match message.try_send() {
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                result => return message.end(result),
            }
        }
        if self.waiting.len() == MAX_WAITING {
            if let Some(oldest) = self.waiting.pop_front() {
                oldest.end(Err(io::Error::new(io::ErrorKind::WouldBlock, BUSY)));
            }
        }
        self.waiting.push_back(message);
    }
}

/// Calls `make` with the number of running servers, and sends the message that it makes, if any.
pub(crate) fn tell(make: impl FnOnce(&mut usize) -> Option<Message>) {
    let mut queue = Queue::lock();
    if let Some(message) = make(&mut queue.running) {
        queue.push(message);
    }
    drop(queue);
    Sending::start();
}

/// Sends a message now or not at all. Returns whether there was room.
pub(crate) fn try_tell(message: &Message) -> io::Result<bool> {
    let queue = Queue::lock();
    if !queue.is_empty() {
        return Ok(false);
    }
    match message.try_send() {
        Ok(()) => Ok(true),
        Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(err) => Err(err),
    }
}

/// Ends when the message is sent. If this is dropped before, the message is not sent.
pub(crate) async fn send(mut message: Message) -> io::Result<()> {
    let (done, sent) = oneshot::channel();
    message.done = Some(done);
    tell(|_| Some(message));
    // The sending task ends early only with its runtime.
    sent.await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
}

/// Ends when no message waits.
pub(crate) async fn empty() {
    loop {
        let mut emptied = std::pin::pin!(EMPTY.notified());
        // Registered before the look, so that it cannot happen in between.
        emptied.as_mut().enable();
        if Queue::lock().is_empty() {
            return;
        }
        Sending::start();
        emptied.await;
    }
}

/// The task that sends the waiting messages. If it is dropped with its runtime, another one can go on.
struct Sending {
    in_hand: Option<Message>,
    has_ended: bool,
}

impl Sending {
    /// Starts the task, if there is something to send and a runtime to do it.
    fn start() {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut queue = Queue::lock();
        if queue.is_sending || queue.waiting.is_empty() {
            return;
        }
        queue.is_sending = true;
        drop(queue);
        runtime.spawn(Sending { in_hand: None, has_ended: false }.run());
    }

    async fn run(mut self) {
        while self.take_next() {
            let Some(message) = &mut self.in_hand else { continue };
            let Message { manager, text, fd, done } = message;
            let sent = match done {
                None => deliver(manager, text, fd.as_ref()).await,
                Some(done) => tokio::select! {
                    sent = deliver(manager, text, fd.as_ref()) => sent,
                    // The sender has gone.
                    () = done.closed() => Ok(()),
                },
            };
            if let Some(message) = self.in_hand.take() {
                message.end(sent);
            }
        }
    }

    /// Returns whether there is one.
    fn take_next(&mut self) -> bool {
        let mut queue = Queue::lock();
        while let Some(next) = queue.waiting.pop_front() {
            if !next.is_unwanted() {
                self.in_hand = Some(next);
                return true;
            }
        }
        queue.is_sending = false;
        self.has_ended = true;
        EMPTY.notify_waiters();
        false
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut queue = Queue::lock();
        queue.is_sending = false;
        let in_hand = self.in_hand.take().filter(|message| message.done.is_none());
        if let Some(message) = in_hand {
            queue.waiting.push_front(message);
        }
        // A task that waits for the end starts another one.
        EMPTY.notify_waiters();
    }
}

/// Waits for room, and sends the message.
async fn deliver(manager: &Address, text: &str, fd: Option<&OwnedFd>) -> io::Result<()> {
    let socket = UnixDatagram::from_std(notify_socket::connect(manager)?)?;
    let send = || notify_socket::send(socket.as_fd(), text, fd.map(AsFd::as_fd));
    socket.async_io(Interest::WRITABLE, send).await
}
