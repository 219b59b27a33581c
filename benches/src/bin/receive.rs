//! Takes all handed TCP listeners and prints the time in nanoseconds: `receive ours`, `receive listenfd`, or
//! `receive listenfd-nonblocking`, which also makes them non-blocking as ours are.

#![allow(clippy::print_stdout, reason = "it reports to the measurement")]

use std::time::Instant;

fn main() -> std::io::Result<()> {
    let which = std::env::args().nth(1).unwrap_or_default();
    let began = Instant::now();
    let count = match which.as_str() {
        "ours" => {
            let sockets = listenfd_core::ListenFd::from_env()?;
            for index in 0..sockets.len() {
                std::mem::forget(sockets.take_tcp_listener(index)?);
            }
            sockets.len()
        }
        "listenfd" | "listenfd-nonblocking" => {
            let mut sockets = listenfd::ListenFd::from_env();
            for index in 0..sockets.len() {
                let taken = sockets.take_tcp_listener(index)?;
                if let (Some(listener), "listenfd-nonblocking") = (&taken, which.as_str()) {
                    listener.set_nonblocking(true)?;
                }
                std::mem::forget(taken);
            }
            sockets.len()
        }
        _ => return Err(std::io::Error::other("ours, listenfd or listenfd-nonblocking?")),
    };
    println!("{} {count}", began.elapsed().as_nanos());
    Ok(())
}
