//! Restarts a server under load and counts the fate of every request.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::app::Path;
use crate::client::{Client, Fate, REQUEST_TIMEOUT, http2};
use crate::restart::Restart;

/// How the clients behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A connection for each request.
    Fresh,
    /// One connection while the server leaves it open, and a pause between requests.
    KeepAlive(Duration),
    /// Answers that take 300 ms.
    Slow,
    /// Answers whose bodies take 2 s.
    Streamed,
    /// Requests byte by byte, on one connection while the server leaves it open.
    ByteByByte,
    /// Three requests and half of a fourth at once, on one connection while the server leaves it open.
    Pipelined,
    /// HTTP/2 by prior knowledge, one connection while the server leaves it open.
    Http2,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 8] = [
        Mode::Fresh,
        Mode::KeepAlive(Duration::ZERO),
        Mode::KeepAlive(Duration::from_millis(2)),
        Mode::KeepAlive(Duration::from_millis(100)),
        Mode::KeepAlive(Duration::from_secs(3)),
        Mode::Slow,
        Mode::Streamed,
        Mode::Http2,
    ];

    /// The modes in which a client never closes its connection itself.
    pub const REUSING: [Mode; 9] = [
        Mode::KeepAlive(Duration::ZERO),
        Mode::KeepAlive(Duration::from_millis(2)),
        Mode::KeepAlive(Duration::from_millis(100)),
        Mode::KeepAlive(Duration::from_secs(1)),
        Mode::KeepAlive(Duration::from_secs(3)),
        Mode::Slow,
        Mode::Streamed,
        Mode::ByteByByte,
        Mode::Pipelined,
    ];

    fn path(self) -> Path {
        match self {
            Mode::Slow => Path::Slow,
            Mode::Streamed => Path::Streamed,
            _ => Path::Hello,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Fresh => f.pad("fresh connections"),
            Mode::KeepAlive(Duration::ZERO) => f.pad("keep-alive, no pause"),
            Mode::KeepAlive(think) => f.pad(&format!("keep-alive, pause {think:?}")),
            Mode::Slow => f.pad("slow answers, 300 ms"),
            Mode::Streamed => f.pad("streamed bodies, 2 s"),
            Mode::ByteByByte => f.pad("sent byte by byte"),
            Mode::Pipelined => f.pad("pipelined"),
            Mode::Http2 => f.pad("HTTP/2"),
        }
    }
}

/// The number of clients at once.
pub const CLIENTS: usize = 64;

/// The result of one run.
#[derive(Debug)]
pub struct Report {
    /// The behaviour of the clients.
    pub mode: Mode,
    /// The number of restarts.
    pub restarts: usize,
    /// The time of each restart, from the signal until the next server is ready.
    pub gaps: Vec<Duration>,
    /// The number of connections beyond the first of each client. In the modes of [`Mode::REUSING`],
    /// these replace connections that the server has closed.
    pub reopened: u64,
    counts: [u64; Fate::COUNT],
}

impl Report {
    /// The number of requests with this fate.
    #[must_use]
    pub fn count(&self, fate: Fate) -> u64 {
        self.counts[fate as usize]
    }

    /// The number of lost requests.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.counts.iter().sum::<u64>() - self.count(Fate::Ok)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gaps = self.gaps.clone();
        gaps.sort_unstable();
        write!(
            f,
            "{:24} {:4} restarts, {:7} ok, {:4} lost (refused {}, reset fresh {}, reset reused {}, \
             cut {}, timed out {}, wrong {}), {} reopened, gap {:.0?} median, {:.0?} at most",
            self.mode,
            self.restarts,
            self.count(Fate::Ok),
            self.lost(),
            self.count(Fate::Refused),
            self.count(Fate::ResetFresh),
            self.count(Fate::ResetReused),
            self.count(Fate::Cut),
            self.count(Fate::TimedOut),
            self.count(Fate::Wrong),
            self.reopened,
            gaps.get(gaps.len() / 2).copied().unwrap_or_default(),
            gaps.last().copied().unwrap_or_default(),
        )
    }
}

/// Restarts a server under load.
///
/// # Panics
///
/// When it does not restart in time.
#[must_use]
pub fn measure(server: &mut dyn Restart, mode: Mode, restarts: usize) -> Report {
    let load = Load::start(server.addr(), mode);
    let mut gaps = Vec::new();
    for _ in 0..restarts {
        load.wait_for_some();
        let asked = Instant::now();
        server.restart();
        gaps.push(asked.elapsed());
    }
    load.wait_for_some();
    let (counts, reopened) = load.stop();
    Report { mode, restarts, gaps, reopened, counts }
}

/// Clients in a runtime of their own.
struct Load {
    shared: Arc<Shared>,
    thread: std::thread::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    counts: [AtomicU64; Fate::COUNT],
    reopened: AtomicU64,
}

impl Shared {
    fn note(&self, fate: Fate) {
        self.counts[fate as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl Load {
    fn start(addr: SocketAddr, mode: Mode) -> Self {
        let shared = Arc::new(Shared::default());
        let clients = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let clients: Vec<_> = (0..CLIENTS)
                    .map(|number| tokio::spawn(client(addr, mode, number, Arc::clone(&clients))))
                    .collect();
                for client in clients {
                    client.await.unwrap();
                }
            });
        });
        Load { shared, thread }
    }

    /// Waits for some requests of each client, but not for long: with long pauses, it matters more that
    /// restarts happen at all moments of a pause.
    fn wait_for_some(&self) {
        const AT_MOST: Duration = Duration::from_millis(300);
        let (enough, end) = (self.shared.total() + 10 * CLIENTS as u64, Instant::now() + AT_MOST);
        while self.shared.total() < enough && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends the load; returns the counts of the fates, and the number of reopened connections.
    fn stop(self) -> ([u64; Fate::COUNT], u64) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let counts = &self.shared.counts;
        let counts = std::array::from_fn(|fate| counts[fate].load(Ordering::Relaxed));
        (counts, self.shared.reopened.load(Ordering::Relaxed))
    }
}

async fn client(addr: SocketAddr, mode: Mode, number: usize, shared: Arc<Shared>) {
    if mode == Mode::Http2 {
        return http2_client(addr, &shared).await;
    }
    let mut client = Client::new(addr);
    if let Mode::KeepAlive(think) = mode {
        // The clients' pauses begin at different moments.
        pause(think * u32::try_from(number).unwrap() / CLIENTS as u32, &shared).await;
    }
    while shared.goes_on() {
        match mode {
            Mode::ByteByByte => shared.note(client.request_byte_by_byte(mode.path()).await),
            Mode::Pipelined => {
                client.pipelined(mode.path()).await.iter().for_each(|fate| shared.note(*fate))
            }
            _ => shared.note(client.request(mode.path()).await),
        }
        match mode {
            Mode::Fresh => client.close(),
            Mode::KeepAlive(think) => pause(think, &shared).await,
            _ => {}
        }
    }
    if Mode::REUSING.contains(&mode) {
        // However long the pauses are, each client finds out whether its connection is still open.
        shared.note(client.request(mode.path()).await);
    }
    shared.reopened.fetch_add(client.opened().saturating_sub(1), Ordering::Relaxed);
}

/// Pauses in steps, so that the end of the run does not wait for a long pause.
async fn pause(think: Duration, shared: &Shared) {
    let end = Instant::now() + think;
    while shared.goes_on() && Instant::now() < end {
        let step = (end - Instant::now()).min(Duration::from_millis(50));
        tokio::time::sleep(step).await;
    }
}

async fn http2_client(addr: SocketAddr, shared: &Shared) {
    let mut sender = None;
    while shared.goes_on() {
        let fate = tokio::time::timeout(REQUEST_TIMEOUT, http2::request(addr, &mut sender)).await;
        shared.note(fate.unwrap_or(Fate::TimedOut));
    }
}
