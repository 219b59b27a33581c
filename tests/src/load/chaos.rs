//! Many random clients during restarts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;

use super::random_client::RandomClient;
use super::tally::Tally;
use crate::restart::Restart;

/// Runs clients while the server restarts, with a pause before each restart.
///
/// # Panics
///
/// When the server does not restart, or a client cannot connect.
pub fn run(
    server: &mut dyn Restart,
    clients: usize,
    restarts: usize,
    pause: Duration,
    seed: u64,
) -> Arc<Tally> {
    let (addr, tally) = (server.addr(), Arc::new(Tally::default()));
    let shared = Arc::clone(&tally);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = |number| {
                let random = Rng::with_seed(seed.wrapping_add(number));
                tokio::spawn(RandomClient::new(addr, number, random, Arc::clone(&shared)).run())
            };
            let clients: Vec<_> = (0..clients as u64).map(client).collect();
            for client in clients {
                client.await.unwrap();
            }
        });
    });
    for _ in 0..restarts {
        std::thread::sleep(pause);
        server.restart();
    }
    std::thread::sleep(pause);
    tally.stop.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    tally
}
