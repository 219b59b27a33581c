//! Idle connections: the memory of each, and the time of the first request after it. Each framework's example,
//! and the same app on the framework's own server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use listenfd_tests::{Certificate, Child, Connection, Folder, Supplier, get, open_fds, program};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::plot::{self, Measured};
use crate::stats::median;

/// The size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Idle connections, in steps
    #[arg(long, value_delimiter = ',', default_value = "1000,2500,5000,10000")]
    connections: Vec<usize>,
    /// How long they wait, in seconds, until the memory is read
    #[arg(long, default_value_t = 8)]
    wait: u64,
    /// Only the servers whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// The file for a plot
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// How many requests are timed.
const TIMED: usize = 1000;

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    listenfd_tests::raise_fd_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = Folder::new();
    let (cert, key) = (folder.path("cert.pem"), folder.path("key.pem"));
    let certificate = Certificate::new();
    certificate.write(&cert, &key);
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let tls = [format!("cert={cert}"), format!("key={key}")];
    let (ours, theirs) = ([&*tls[0], &tls[1]], [&*cert, &key]);
    let servers: [(&str, &str, &[&str]); 10] = [
        ("axum-listenfd", "hello-axum", &[]),
        ("axum, its own", "peer-hello-axum", &[]),
        ("hyper-listenfd", "hello-hyper", &[]),
        ("hyper, its own", "peer-hello-hyper", &[]),
        ("warp-listenfd", "hello-warp", &[]),
        ("warp, its own", "peer-hello-warp", &[]),
        ("actix-web-listenfd", "hello-actix-web", &[]),
        ("actix-web, its own", "peer-hello-actix-web", &[]),
        ("axum-listenfd, TLS", "server-axum", &ours),
        ("axum-server, TLS", "peer-tls", &theirs),
    ];
    let mut all = Vec::new();
    for (name, binary, arguments) in servers {
        if !name.contains(&args.only) {
            continue;
        }
        let certificate = name.ends_with("TLS").then_some(&certificate);
        let start = || Idle::start(binary, arguments, certificate);
        runtime.block_on(async { start().await?.silent(name, args).await })?;
        // actix-web closes them after 5 seconds, and frees nothing before.
        let wait = if name.starts_with("actix") { 0 } else { args.wait };
        let bytes = runtime.block_on(async { start().await?.used(name, args, wait).await })?;
        all.push(Measured { name, bytes });
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::memory(&all)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// A server that is about to get idle connections.
struct Idle<'a> {
    child: Child,
    _sockets: Supplier,
    addr: SocketAddr,
    certificate: Option<&'a Certificate>,
    /// Its descriptors and its memory without connections.
    fds: usize,
    before: f64,
}

impl<'a> Idle<'a> {
    async fn start(
        binary: &str,
        arguments: &[&str],
        certificate: Option<&'a Certificate>,
    ) -> anyhow::Result<Self> {
        let mut sockets = Supplier::new();
        let addr = sockets.tcp(None, "127.0.0.1");
        let child = Child::spawn(sockets.command(program(binary)).args(arguments));
        for _ in 0..100 {
            match certificate {
                Some(certificate) => drop(certificate.open(addr).await?.get("/").await?),
                None => drop(get(addr, "/").await?),
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (fds, before) = (open_fds(child.pid()), resident(child.pid())?);
        Ok(Idle { child, _sockets: sockets, addr, certificate, fds, before })
    }

    fn bytes(&self) -> anyhow::Result<f64> {
        Ok(resident(self.child.pid())? - self.before)
    }

    /// Connections that never send anything.
    async fn silent(self, name: &str, args: &Args) -> anyhow::Result<()> {
        let number = args.connections.iter().copied().max().unwrap_or(0);
        let mut clients = Vec::new();
        for _ in 0..number {
            clients.push(TcpStream::connect(self.addr).await?);
        }
        let end = Instant::now() + Duration::from_secs(20);
        while open_fds(self.child.pid()) < self.fds + number {
            ensure!(Instant::now() < end, "{name} does not accept all connections");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let each = self.bytes()? / number as f64;
        println!("{name:20} {number:6} silent connections: {each:6.0} bytes each");
        Ok(())
    }

    /// Connections after one request each. Returns the memory of all of them, in each step.
    async fn used(self, name: &str, args: &Args, wait: u64) -> anyhow::Result<Vec<(usize, f64)>> {
        match self.certificate {
            Some(certificate) => self.fill(name, args, wait, || certificate.open(self.addr)).await,
            None => self.fill(name, args, wait, || Connection::open(self.addr)).await,
        }
    }

    async fn fill<S, F>(
        &self,
        name: &str,
        args: &Args,
        wait: u64,
        open: impl Fn() -> F,
    ) -> anyhow::Result<Vec<(usize, f64)>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        F: Future<Output = std::io::Result<Connection<S>>>,
    {
        let (mut clients, mut steps) = (Vec::new(), Vec::new());
        for &number in &args.connections {
            while clients.len() < number {
                let mut client = open().await?;
                client.get("/").await?;
                clients.push(client);
            }
            let at_once = self.bytes()?;
            tokio::time::sleep(Duration::from_secs(wait)).await;
            let bytes = self.bytes()?;
            steps.push((number, bytes));
            let number = number as f64;
            println!(
                "{name:20} {number:6} connections after a request: {:6.0} bytes each, {:6.0} after {wait} s",
                at_once / number,
                bytes / number,
            );
        }
        let timed = clients.len().min(TIMED);
        let first = request_times(&mut clients[..timed]).await?;
        let again = request_times(&mut clients[..timed]).await?;
        println!("{name:20} request after the wait {first:5.1} µs, the next one {again:5.1} µs");
        Ok(steps)
    }
}

/// The median time of one request on each of them, in microseconds.
async fn request_times<S: AsyncRead + AsyncWrite + Unpin>(
    clients: &mut [Connection<S>],
) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for client in clients {
        let began = Instant::now();
        client.get("/").await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

/// The resident memory of a process in bytes (`proc_pid_status(5)`).
fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line.context("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024.0)
}
