//! Fresh connections: accepted here, and no byte of them is read. A program that asks for
//! connections gets them.

use std::rc::Rc;
use std::sync::Arc;

use listenfd_core::Address;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

#[cfg(unix)]
use super::channels::Channel;
use super::connection::Socket;
use super::pending::{FIRST_BYTE_TIMEOUT, Pending};
use super::recipient::{Recipient, Shared};
use crate::children::spare_fds;

/// How many connections there may be at once, pending ones included; others wait in the queue. The
/// oldest one that has sent nothing makes room.
const CONNECTIONS: usize = 256;
/// But at most this part of the files that this process may open.
const SHARE: usize = 4;

/// Fresh connections, and what decides about them.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(super) shared: Rc<Shared>,
    pub(super) pending: Pending,
    /// How many more connections there may be.
    room: Arc<Semaphore>,
}

impl Fresh {
    pub(super) fn new(shared: Shared) -> Self {
        let share = spare_fds::files().map_or(CONNECTIONS, |files| files / SHARE);
        Fresh {
            shared: Rc::new(shared),
            pending: Pending::default(),
            room: Arc::new(Semaphore::new(share.clamp(1, CONNECTIONS))),
        }
    }

    /// Takes them out, for the program that asks for connections.
    #[cfg(unix)]
    pub(crate) fn take(&self) -> impl Iterator<Item = Channel> {
        let runs =
            matches!(*self.shared.recipient.borrow(), Recipient::Started(_) | Recipient::TakesNone);
        runs.then(|| self.pending.take_fresh()).into_iter().flatten()
    }

    /// A program has said that it is ready, or accepts. If it took connections, it would have asked
    /// before.
    #[cfg(unix)]
    pub(crate) fn note_ready(&self) {
        if matches!(*self.shared.recipient.borrow(), Recipient::Started(_)) {
            self.note_takes_none();
        }
    }

    /// The program does not ask for connections.
    pub(super) fn note_takes_none(&self) {
        self.shared.recipient.send_replace(Recipient::TakesNone);
        self.pending.close_unpassable();
    }

    /// Adds a connection, and waits until there is room for it. Where this is aborted meanwhile, the
    /// connection stays.
    pub(super) async fn add(&self, socket: Socket, address: &Address) {
        let number = self.pending.add(socket, address.clone(), true, &self.shared);
        let room = self.room().await;
        self.pending.limit(number, room);
    }

    pub(super) fn free_places(&self) -> usize {
        self.room.available_permits()
    }

    async fn room(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
                return permit;
            }
            let again = self.pending.close_oldest();
            let again = again.unwrap_or_else(|| Instant::now() + FIRST_BYTE_TIMEOUT);
            tokio::select! {
                permit = Arc::clone(&self.room).acquire_owned() => {
                    if let Ok(permit) = permit {
                        return permit;
                    }
                }
                () = sleep_until(again) => {}
            }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream, UnixStream};
    use tokio::time::timeout;

    use super::*;
    use crate::page::guard::Guard;
    use crate::page::live::Live;
    use crate::page::state::PageState;
    use crate::web::held_sockets::network_addresses;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn fresh(recipient: Recipient, places: usize) -> Fresh {
        let live = Live::new(PageState::default());
        let shared = Shared::new(live, Guard::new(&[]), None, HOUR, true);
        shared.recipient.send_replace(recipient);
        Fresh { room: Arc::new(Semaphore::new(places)), ..Fresh::new(shared) }
    }

    /// A client that has sent a request during a build, and its connection.
    async fn client(fresh: &Fresh) -> UnixStream {
        let (mut client, socket) = UnixStream::pair().unwrap();
        client.write_all(REQUEST).await.unwrap();
        fresh.add(Socket::Unix(socket), &"127.0.0.1:1".parse().unwrap()).await;
        client
    }

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn a_client_that_hangs_up_waits_for_no_build() {
        let fresh = fresh(Recipient::Building, 1);
        let mut client = client(&fresh).await;
        assert!(timeout(HOUR / 2, client.read(&mut [0])).await.is_err(), "it is not held");
        assert_eq!(fresh.free_places(), 0);
        drop(client);
        let free = timeout(HOUR / 4, fresh.room.acquire());
        assert!(free.await.is_ok(), "its place is taken");
    }

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn a_client_that_sends_no_more_waits_as_long_as_there_is_room() {
        let fresh = fresh(Recipient::Building, 2);
        let mut half = client(&fresh).await;
        half.shutdown().await.unwrap();
        let mut whole = client(&fresh).await;
        assert!(timeout(HOUR / 2, half.read(&mut [0])).await.is_err(), "there was room");
        let _third = timeout(HOUR / 4, client(&fresh)).await.unwrap();
        assert!(matches!(half.read(&mut [0]).await, Ok(0) | Err(_)));
        assert!(timeout(HOUR / 8, whole.read(&mut [0])).await.is_err(), "it is not held");
    }

    #[tokio::test(flavor = "local")]
    async fn a_request_that_cannot_be_passed_on_is_answered() {
        let Some(ip) = network_addresses().first().copied() else {
            eprintln!("skipped: this machine has no address in a network");
            return;
        };
        let fresh = fresh(Recipient::Started(Instant::now()), 2);
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for bytes in [REQUEST, b""] {
            let mut client = TcpStream::connect(addr).await.unwrap();
            client.write_all(bytes).await.unwrap();
            let (socket, _) = listener.accept().await.unwrap();
            if !bytes.is_empty() {
                socket.readable().await.unwrap();
            }
            fresh.add(Socket::Tcp(socket), &Address::Inet(addr)).await;
            clients.push(client);
        }
        fresh.note_ready();
        let mut answers = Vec::new();
        for mut client in clients {
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answers.push(answer.to_ascii_lowercase());
        }
        assert!(answers[0].starts_with("http/1.1 503 "), "{answers:?}");
        assert!(answers[0].contains("\r\nretry-after: 1\r\n"), "{answers:?}");
        assert_eq!(answers[1], "", "nothing was asked");
    }
}
