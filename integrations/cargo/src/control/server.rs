//! The devserver's end of the socket: takes requests, bounded in size, time and number, and passes
//! them on.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::control::protocol::{Answer, LONGEST_REQUEST, Request, line};
use crate::control::socket::{Arrival, Bound, MOST_CLIENTS, Stream};
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

/// How long a request, or the writing of an answer, may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many clients may be there at a time, those included that are told to come later.
const MOST_ARRIVALS: u32 = 16 * MOST_CLIENTS;
/// How often to look whether the socket is still there: `cargo clean` removes it.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

impl Control {
    /// Serves a socket, and calls `tell` with each request. The socket is made again if its file is
    /// gone.
    pub(crate) fn serve(
        bound: Bound,
        target: &Path,
        program: &str,
        tell: impl Fn(Asked) + 'static,
    ) -> Self {
        let (target, program) = (target.to_owned(), program.to_owned());
        let task = tokio::task::spawn_local(async move {
            let (tell, clients) = (Rc::new(tell), Rc::new(Cell::new(0)));
            let mut bound = Ok(bound);
            loop {
                if let Ok(bound) = bound {
                    // An error means that the event loop cannot take it.
                    let _ = accept_while_there(bound, &clients, &tell).await;
                }
                wait_for_removal(&target).await;
                while !may_be_made(&target) {
                    sleep(LOOK_PAUSE).await;
                }
                bound = Bound::open(&target, &program);
            }
        });
        Control(task)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until the target folder is gone, but not for long. A `cargo clean` that is under way would
/// fail if there were a new file in it.
async fn wait_for_removal(target: &Path) {
    for _ in 0..5 {
        sleep(LOOK_PAUSE).await;
        if !target.exists() {
            return;
        }
    }
}

/// Whether the target folder is there, or would be the only new folder: a project that was moved or
/// removed does not come back.
fn may_be_made(target: &Path) -> bool {
    target.parent().is_some_and(Path::is_dir)
}

/// Accepts clients while the socket's file is there.
async fn accept_while_there(
    mut bound: Bound,
    clients: &Rc<Cell<u32>>,
    tell: &Rc<impl Fn(Asked) + 'static>,
) -> io::Result<()> {
    let listener = bound.take_listener()?;
    while bound.is_there() {
        match timeout(LOOK_PAUSE, listener.accept()).await {
            // Any process may come, and be let in or not.
            Ok(Ok(_)) if clients.get() >= MOST_ARRIVALS => {}
            Ok(Ok(arrival)) => {
                let (client, tell) = (Client::new(clients), Rc::clone(tell));
                tokio::task::spawn_local(async move {
                    // An error means that the client is gone.
                    let _ = serve(arrival, client, &*tell).await;
                });
            }
            // Such as: too many open files.
            Ok(Err(_)) => sleep(LOOK_PAUSE).await,
            Err(_) => {}
        }
    }
    Ok(())
}

/// A client that counts, until it is dropped.
struct Client {
    all: Rc<Cell<u32>>,
    is_one_too_many: bool,
}

impl Client {
    fn new(all: &Rc<Cell<u32>>) -> Self {
        all.set(all.get() + 1);
        Client { all: Rc::clone(all), is_one_too_many: all.get() > MOST_CLIENTS }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.all.set(self.all.get() - 1);
    }
}

/// Takes one request, and writes the answer.
async fn serve(arrival: Arrival, client: Client, tell: &impl Fn(Asked)) -> io::Result<()> {
    let mut stream = timeout(TIMEOUT, arrival.admit()).await??;
    if client.is_one_too_many {
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

async fn read(stream: &mut Stream) -> io::Result<serde_json::Result<Request>> {
    let mut text = Vec::new();
    BufReader::new(stream.take(LONGEST_REQUEST)).read_until(b'\n', &mut text).await?;
    Ok(serde_json::from_slice(&text))
}

async fn write(stream: &mut Stream, line: &[u8]) -> io::Result<()> {
    timeout(TIMEOUT, stream.write_all(line)).await?
}

fn error(text: &str) -> Vec<u8> {
    line(&Answer::<()>::Error(text.to_owned()))
}
