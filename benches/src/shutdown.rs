//! The time from the signal to the end of the process.

use std::time::{Duration, Instant};

use listenfd_tests::{
    Connection, FRAMEWORKS, Keeper, Server, ServiceManager, Supplier, WebSocket, get, program,
    request,
};

use crate::stats::median;

const CLIENTS: usize = 500;

pub(crate) fn run() -> anyhow::Result<()> {
    listenfd_tests::raise_fd_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let idle = Duration::from_millis(1200);
    for (name, clients, pause) in [
        ("no client", 0, Duration::ZERO),
        ("500 clients, idle for 1.2 s", CLIENTS, idle),
        ("500 clients, just served", CLIENTS, Duration::ZERO),
        ("500 clients, no byte sent", CLIENTS, Duration::MAX),
    ] {
        let time = || runtime.block_on(with_clients(clients, pause));
        report(&format!("{name:28} (grace 1000 ms)"), 10, time)?;
    }
    for (framework, server) in
        [("axum", "server-axum"), ("hyper", "server-hyper"), ("warp", "server-warp")]
    {
        let time = || runtime.block_on(handing_over(server));
        report(&format!("{framework:5} 64 busy clients, handed over"), 20, time)?;
    }
    for framework in FRAMEWORKS {
        for (name, events, websocket) in [
            ("event stream and WebSocket, cut", "/endless", "/ws"),
            ("the same with the drain token", "/events", "/ws-goodbye"),
        ] {
            let time = || runtime.block_on(endless(framework, events, websocket));
            report(&format!("{framework:16} {name:32} (drain 1000 ms)"), 5, time)?;
        }
    }
    Ok(())
}

/// Measures several times, and prints the median and the maximum.
fn report(
    name: &str,
    count: usize,
    mut measure: impl FnMut() -> anyhow::Result<Duration>,
) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..count {
        times.push(measure()?.as_secs_f64() * 1e3);
    }
    let most = times.iter().copied().fold(0.0, f64::max);
    println!("{name} {:7.1} ms median, {most:7.1} ms at most", median(times));
    Ok(())
}

/// With 64 clients that send the next request after each answer, and a keeper of their connections.
async fn handing_over(name: &str) -> anyhow::Result<Duration> {
    let (keeper, sockets) = (Keeper::new(), Supplier::one());
    let mut server = keeper.start(name, &sockets, &[]);
    let addr = server.addr();
    let mut clients = Vec::new();
    for _ in 0..64 {
        let mut connection = Connection::open(addr).await?;
        connection.get("/").await?;
        clients.push(tokio::spawn(async move { while connection.get("/").await.is_ok() {} }));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = Instant::now();
    server.child.terminate();
    // The clients run in this thread, so it must not block.
    let ended = tokio::task::spawn_blocking(move || {
        server.child.wait();
        asked.elapsed()
    });
    let ended = ended.await?;
    clients.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(ended)
}

/// With an event stream and an idle WebSocket, a drain timeout of 1 s and a grace of 50 ms.
async fn endless(framework: &str, events: &str, websocket: &str) -> anyhow::Result<Duration> {
    let mut sockets = Supplier::new();
    let addr = sockets.tcp(None, "127.0.0.1");
    let options = ["drain_timeout=1000", "keep_alive_grace=50"];
    let manager = ServiceManager::new();
    let mut server = Server::start_managed(framework, &sockets, &manager, &options);
    let mut stream = Connection::open(addr).await?;
    stream.send(&request(events)).await?;
    stream.wait_for_first_byte().await?;
    let websocket = WebSocket::open(addr, websocket).await;
    let asked = Instant::now();
    server.child.terminate();
    websocket.wait_for_end().await;
    server.child.wait();
    Ok(asked.elapsed())
}

/// With clients that pause between their last byte and the signal; `Duration::MAX` means that they send nothing.
async fn with_clients(clients: usize, pause: Duration) -> anyhow::Result<Duration> {
    let mut sockets = Supplier::new();
    let addr = sockets.tcp(None, "127.0.0.1");
    let mut server = Server::start_command(&mut sockets.command(program("server-axum")));
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(addr).await?);
    }
    if pause != Duration::MAX {
        for connection in &mut connections {
            connection.get("/").await?;
        }
        tokio::time::sleep(pause).await;
    } else {
        // Connections are accepted in order: after this answer, all are accepted.
        get(addr, "/").await?;
    }
    let asked = Instant::now();
    server.child.terminate();
    server.child.wait();
    Ok(asked.elapsed())
}
