//! The devserver's end of the socket: takes requests, bounded in size, time and number, and passes
//! them on.

use std::cell::Cell;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd_core::internal::{SocketFile, open_one_noting};
use listenfd_core::{Address, Bind, Error};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::control::place::Place;
use crate::control::protocol::{Answer, LONGEST_REQUEST, Request, line};
use crate::control::status::Status;

/// A request, and where its answer goes. If that is dropped, the client is told of the end.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) answer: oneshot::Sender<Box<Status>>,
}

/// The socket of this devserver. Dropping it ends the service.
#[derive(Debug)]
pub(crate) struct Control(JoinHandle<()>);

/// How many devservers of one program share a target folder.
const MOST_SOCKETS: u32 = 64;
/// How many clients are served at a time.
const MOST_CLIENTS: u32 = 64;
/// How long a request, or the writing of an answer, may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often to look whether the socket is still there: `cargo clean` removes it.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

impl Control {
    /// Opens a socket for a program of this name, and calls `tell` with each request. Returns also
    /// the number of the socket: not 1 if another devserver of the same program has that.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(
        target: &Path,
        program: &str,
        tell: impl Fn(Asked) + 'static,
    ) -> anyhow::Result<(Self, u32)> {
        let bound = Bound::open(target, program)?;
        let number = bound.number;
        let (target, program) = (target.to_owned(), program.to_owned());
        let task = tokio::task::spawn_local(async move {
            let (tell, clients) = (Rc::new(tell), Rc::new(Cell::new(0)));
            let mut bound = Some(bound);
            loop {
                match bound.as_ref().filter(|bound| bound.is_there()) {
                    Some(current) => current.accept(&clients, &tell).await,
                    None => {
                        // The old one first: it removes nothing that it has not made.
                        drop(bound.take());
                        // A folder that is gone comes back with the next build.
                        bound = Bound::open(&target, &program).ok();
                        if bound.is_none() {
                            sleep(LOOK_PAUSE).await;
                        }
                    }
                }
            }
        });
        Ok((Control(task), number))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A socket and its file, which is removed with it.
#[derive(Debug)]
struct Bound {
    listener: UnixListener,
    file: SocketFile,
    path: PathBuf,
    identity: (u64, u64),
    number: u32,
    /// The path in `file` goes through it.
    _place: Place,
}

impl Bound {
    /// A dead socket is replaced. Where another devserver has the socket, the next number is taken.
    fn open(target: &Path, program: &str) -> anyhow::Result<Self> {
        let place = Place::make(target)?;
        let bind = Bind::new().unix_mode(0o600).backlog(MOST_CLIENTS);
        for number in 1..=MOST_SOCKETS {
            let (path, mut files) = (place.socket(program, number), Vec::new());
            let address = Address::Unix(place.address(&path));
            let fd = match open_one_noting(&bind, &address, &mut files) {
                Ok((fd, _)) => fd,
                Err(Error::InUse { .. } | Error::Overlap { .. }) => continue,
                Err(err) => return Err(err).with_context(|| path.display().to_string()),
            };
            let file = files.pop().context("the socket has no file")?;
            let identity = identity(&path.symlink_metadata()?);
            let listener = std::os::unix::net::UnixListener::from(fd);
            listener.set_nonblocking(true)?;
            let listener = UnixListener::from_std(listener)?;
            return Ok(Bound { listener, file, path, identity, number, _place: place });
        }
        bail!("{MOST_SOCKETS} others run in {}", target.display())
    }

    fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|found| identity(&found) == self.identity)
    }

    /// Accepts a client, if one comes before it is time to look for the file.
    async fn accept(&self, clients: &Rc<Cell<u32>>, tell: &Rc<impl Fn(Asked) + 'static>) {
        match timeout(LOOK_PAUSE, self.listener.accept()).await {
            Ok(Ok((stream, _))) => {
                let (client, tell) = (Client::new(clients), Rc::clone(tell));
                tokio::task::spawn_local(async move {
                    // An error means that the client is gone.
                    let _ = serve(stream, client, &*tell).await;
                });
            }
            // Such as: too many open files.
            Ok(Err(_)) => sleep(LOOK_PAUSE).await,
            Err(_) => {}
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.file.remove();
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// A client that counts, until it is dropped.
struct Client {
    all: Rc<Cell<u32>>,
}

impl Client {
    fn new(all: &Rc<Cell<u32>>) -> Self {
        all.set(all.get() + 1);
        Client { all: Rc::clone(all) }
    }

    fn is_one_too_many(&self) -> bool {
        self.all.get() > MOST_CLIENTS
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.all.set(self.all.get() - 1);
    }
}

/// Takes one request, and writes the answer.
async fn serve(mut stream: UnixStream, client: Client, tell: &impl Fn(Asked)) -> io::Result<()> {
    if stream.peer_cred()?.uid() != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    if client.is_one_too_many() {
        return write(&mut stream, &error("too many commands wait for this devserver")).await;
    }
    let request = match timeout(TIMEOUT, read(&mut stream)).await?? {
        Ok(request) => request,
        Err(err) => {
            let text = format!("not understood, perhaps because of another version: {err}");
            return write(&mut stream, &error(&text)).await;
        }
    };
    let (sender, receiver) = oneshot::channel();
    tell(Asked { request, answer: sender });
    let answer = tokio::select! {
        answer = receiver => answer,
        // A client that has asked sends nothing more; this is its end.
        _ = stream.read_u8() => return Ok(()),
    };
    match answer {
        Ok(status) => write(&mut stream, &line(&Answer::Status(status))).await?,
        Err(_) => write(&mut stream, &error("cargo devserver has ended")).await?,
    }
    if request == Request::Stop {
        // The system closes it when this process has ended, and this tells the client.
        Box::leak(Box::new(stream.into_std()?));
    }
    Ok(())
}

async fn read(stream: &mut UnixStream) -> io::Result<serde_json::Result<Request>> {
    let mut text = Vec::new();
    BufReader::new(stream.take(LONGEST_REQUEST)).read_until(b'\n', &mut text).await?;
    Ok(serde_json::from_slice(&text))
}

async fn write(stream: &mut UnixStream, line: &[u8]) -> io::Result<()> {
    timeout(TIMEOUT, stream.write_all(line)).await?
}

fn error(text: &str) -> Vec<u8> {
    line(&Answer::<()>::Error(text.to_owned()))
}
