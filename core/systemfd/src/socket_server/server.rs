//! The server: a thread accepts clients, and each client is answered in a thread of its own.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::windows::io::AsSocket;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use listenfd_core::Bind;
use listenfd_core::internal::{Owned, program_events, random_bytes};

use super::clients::Clients;
use super::receivers::{Receiver, Receivers, wait_until_closed};
use super::request::{self, MAX_REQUEST, Secret};
use crate::sys;

/// Gives sockets to the programs that ask for them, one program after the other, until it is dropped.
///
/// A program is answered when those before it have closed the sockets or have ended, or after some seconds
/// with a warning. The sockets stay open here, so connections wait in their queues meanwhile.
#[must_use = "programs get no sockets once it is dropped"]
pub struct SocketServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    names: Vec<Option<String>>,
}

struct Shared {
    /// None once the server is dropped.
    sockets: Mutex<Vec<Owned>>,
    is_closed: AtomicBool,
    secret: Secret,
    events: String,
    receivers: Receivers,
    refused: AtomicUsize,
    warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl SocketServer {
    /// How long a client may take to send its request, and to read the answer.
    pub(super) const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a program waits for the one before it.
    const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
    /// How many warnings about clients are shown, which may come from any program of this machine.
    const MAX_WARNINGS: usize = 100;
    /// The pause after an error of the listener, such as for want of memory.
    const RETRY_PAUSE: Duration = Duration::from_millis(100);

    /// Starts to serve these sockets, which have these names. `warn` gets a line for the user where a
    /// client is refused, or where a program did not close the sockets in time.
    ///
    /// # Errors
    ///
    /// When the system refuses a socket, a thread or random bytes.
    pub fn start(
        sockets: Vec<Owned>,
        names: Vec<Option<String>>,
        warn: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        // `Bind` makes the port exclusive. Otherwise another program could take it, and get the secret.
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into();
        let listener = TcpListener::from(Bind::new().open_one(&loopback)?.0);
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            sockets: Mutex::new(sockets),
            is_closed: AtomicBool::new(false),
            secret: Secret::from_random(random_bytes()?),
            events: program_events::new_prefix()?,
            receivers: Receivers::default(),
            refused: AtomicUsize::new(0),
            warn: Box::new(warn),
        });
        let accepting = Arc::clone(&shared);
        thread::Builder::new()
            .name("socket server".into())
            .spawn(move || accepting.accept(&listener))?;
        Ok(SocketServer { shared, address, names })
    }

    /// The variables that tell a program of this server. They are the same for each program.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let names = self.names.iter().map(|name| name.as_deref().unwrap_or("unknown"));
        vec![
            ("SYSTEMFD_SOCKET_SERVER", self.address.to_string().into()),
            ("SYSTEMFD_SOCKET_SECRET", self.shared.secret.text().into()),
            ("LISTEN_FDNAMES", names.collect::<Vec<_>>().join(":").into()),
            (program_events::EVENTS_VARIABLE, self.shared.events.clone().into()),
        ]
    }

    /// The running processes that have asked for the sockets.
    #[must_use]
    pub fn receivers(&self) -> Vec<Receiver> {
        self.shared.receivers.running()
    }
}

impl Drop for SocketServer {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Release);
        // Also where a client is answered at present.
        self.shared.sockets().clear();
        // The thread looks at `is_closed` after each client. If it cannot be reached, it goes on, and has
        // nothing to give.
        let _ = TcpStream::connect_timeout(&self.address, Self::CLIENT_TIMEOUT);
    }
}

impl fmt::Debug for SocketServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Shared {
    fn sockets(&self) -> MutexGuard<'_, Vec<Owned>> {
        // Each change of it is complete, even after a panic.
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        let clients = Arc::<Clients>::default();
        loop {
            let admitted = clients.admit();
            let accepted = listener.accept();
            if self.is_closed.load(Ordering::Acquire) {
                return;
            }
            let Ok((stream, peer)) = accepted else {
                thread::sleep(SocketServer::RETRY_PAUSE);
                continue;
            };
            if !peer.ip().is_loopback() {
                self.warn_of_client(&format!("{peer} asked for the sockets, from another machine"));
                continue;
            }
            let shared = Arc::clone(&self);
            let answered = thread::Builder::new().spawn(move || {
                shared.answer(&stream);
                drop(admitted);
            });
            if let Err(err) = answered {
                self.warn_of_client(&format!(
                    "a program that asked for the sockets got none: {err}"
                ));
            }
        }
    }

    fn answer(&self, stream: &TcpStream) {
        // A program that is started now must not keep the connection open.
        let request = sys::set_not_inheritable(stream.as_socket()).and_then(|()| read(stream));
        let request = match request {
            Ok(request) => request,
            Err(err) => {
                let text = "a program asked for the sockets, but its request could not be read";
                return self.warn_of_client(&format!("{text}: {err}"));
            }
        };
        let given = match request::parse(&request, &self.secret) {
            Ok(pid) => self.give(pid, stream).map_err(|err| {
                (self.warn)(&format!("the sockets could not be given to process {pid}: {err}"));
            }),
            Err(refused) => return self.warn_of_client(&refused.to_string()),
        };
        if given.is_ok() {
            // The end of the answer, even if another process has inherited the connection. The client may
            // have left.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    /// Gives the sockets to a process.
    fn give(&self, pid: u32, mut stream: &TcpStream) -> io::Result<()> {
        let before = self.receivers.add(pid, &self.events)?;
        for late in wait_until_closed(&before, SocketServer::CLOSE_TIMEOUT) {
            (self.warn)(&format!(
                "process {late} has not closed the sockets, and process {pid} gets them now: end process \
                 {late}, for while both accept, one of them may hang"
            ));
        }
        let infos = self.duplicate_for(pid).inspect_err(|_| self.receivers.remove(pid))?;
        stream.set_write_timeout(Some(SocketServer::CLIENT_TIMEOUT))?;
        stream.write_all(&infos)
    }

    fn duplicate_for(&self, pid: u32) -> io::Result<Vec<u8>> {
        let sockets = self.sockets();
        if self.is_closed.load(Ordering::Acquire) {
            return Err(io::Error::other("they are closed"));
        }
        let mut infos = Vec::with_capacity(sockets.len() * sys::PROTOCOL_INFO_SIZE);
        for socket in sockets.iter() {
            infos.extend(sys::duplicate(socket.as_socket(), pid)?);
        }
        Ok(infos)
    }

    /// Tells of a client that did not get the sockets. Any program of this machine can cause that, so the
    /// number of lines is limited.
    fn warn_of_client(&self, text: &str) {
        match self.refused.fetch_add(1, Ordering::Relaxed) {
            count if count < SocketServer::MAX_WARNINGS => (self.warn)(text),
            SocketServer::MAX_WARNINGS => {
                (self.warn)("further programs without the secret are not shown")
            }
            _ => {}
        }
    }
}

/// Reads a request to its end.
fn read(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + SocketServer::CLIENT_TIMEOUT;
    let (mut request, mut length) = ([0; MAX_REQUEST + 1], 0);
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(rest))?;
        length += match stream.read(&mut request[length..]) {
            Ok(0) if length <= MAX_REQUEST => return Ok(request[..length].to_vec()),
            Ok(0) => return Err(io::Error::other(format!("it has more than {MAX_REQUEST} bytes"))),
            Ok(count) => count,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => 0,
            Err(err) => return Err(err),
        };
    }
}
